"""Settings, read from environment variables with the prefix TOPICS_."""

import difflib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.classifier.classifier import Runtime

MAX_KEY_FILE_BYTES = 1024 * 1024

_MODELS = Path(__file__).parent.parent / "models"
_PREFIX = "TOPICS_"
_COMMANDS = {"TOPICS_API_KEY"}
"""Read by `python -m app classify`, which sends it to a service; a service does not read it."""
_SERVICE_LINK = re.compile(
    r"TOPICS_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)=.*"
    r"|TOPICS_(\w+_)?PORT=(tcp|udp|sctp)://.*"
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


class SettingsError(Exception):
    """Settings have values that are not allowed; one sentence for each, which names the variable."""


def _check_keys(text: SecretStr) -> SecretStr:
    value = text.get_secret_value()
    keys = _split(value)
    if value and not keys:
        raise PydanticCustomError("no_key", "it is set but holds no key; unset it to serve without keys")
    if not all(key.isprintable() for key in keys):
        raise PydanticCustomError("control", "a key holds a control character; separate keys by commas")
    return text


def _from_json(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise PydanticCustomError("json", 'is not JSON; write a list such as ["https://example.org"]') from None


def _check_origin(origin: str) -> str:
    """Browsers send an origin in one form; any other spelling of it would never match."""
    if origin == "*":
        return origin
    try:
        parts = urlsplit(origin.strip())
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError:  # UnicodeError is one
        host, port = "", None
    if not host or "*" in host or not parts.scheme:
        raise PydanticCustomError(
            "origin",
            '{origin} is not an origin; write "https://example.org", or "*" for all',
            {"origin": _shown(origin)},
        )
    host = f"[{host}]" if ":" in host else host
    right = f"{parts.scheme}://{host}" + ("" if port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{port}")
    if origin != right:
        raise PydanticCustomError(
            "origin",
            "{origin} is not what browsers send as an origin; write {right}",
            {"origin": _shown(origin), "right": _shown(right)},
        )
    return origin


def _shown(text: str) -> str:
    return json.dumps(text if len(text) <= 200 else text[:200] + "..")


class Settings(BaseSettings):
    """Every setting; a test compares the table of docs/configuration.md with this class."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    model: Annotated[Path, Field(description="Folder of the bundle to serve.")] = _MODELS / "headlines" / "1"
    runtime: Annotated[
        Runtime, Field(description="`numpy`, or `keras` (TensorFlow) for a model that is not a stack of dense layers.")
    ] = "numpy"
    workers: Annotated[int, Field(ge=1, le=256, description="Worker processes.")] = 1
    max_characters: Annotated[int, Field(ge=1, description="Maximum length of a text, in characters.")] = 20_000
    max_batch: Annotated[int, Field(ge=1, description="Maximum number of headlines in a batch.")] = 1_000
    max_body_bytes: Annotated[int, Field(ge=1, description="Maximum size of a request body, in bytes.")] = (
        8 * 1024 * 1024
    )
    max_in_flight: Annotated[
        int,
        Field(
            ge=1,
            description="Maximum number of headlines in flight per worker (long texts count for more); beyond it: 503.",
        ),
    ] = 10_000
    deadline_seconds: Annotated[
        float,
        Field(gt=0, allow_inf_nan=False, description="Maximum time for one request, in seconds; after that: 504."),
    ] = 10.0
    min_probability: Annotated[
        float,
        Field(ge=0, le=1, description="Answers whose best topic is less probable are marked `low_confidence`; 0: off."),
    ] = 0.0

    drain_seconds: Annotated[
        float,
        Field(
            ge=0,
            allow_inf_nan=False,
            description="Seconds for which requests are answered after SIGTERM, while `/health/ready` is 503.",
        ),
    ] = 5.0
    api_keys: Annotated[
        SecretStr,
        AfterValidator(_check_keys),
        Field(description="Comma-separated API keys. If set, prediction and model endpoints require one."),
    ] = SecretStr("")
    api_keys_file: Annotated[
        Path | None,
        Field(
            description="File of API keys, one per line (a Docker or Kubernetes secret); read again when it changes."
        ),
    ] = None
    cors_origins: Annotated[
        list[Annotated[str, AfterValidator(_check_origin)]],
        NoDecode,
        BeforeValidator(_from_json),
        Field(description='Origins whose web pages may call the API, as a JSON list; `["*"]`: all.'),
    ] = []
    keep_alive_seconds: Annotated[
        int,
        Field(
            ge=1, description="Seconds for which an idle connection stays open; more than the proxy in front keeps it."
        ),
    ] = 75
    metrics_port: Annotated[
        int | None, Field(ge=1, le=65535, description="Port for `/metrics`, instead of the service's own.")
    ] = None
    access_log: Annotated[bool, Field(description="Log a line for every request.")] = True
    log_headlines: Annotated[bool, Field(description="Add the headlines' texts to these lines, as `texts`.")] = False

    @model_validator(mode="after")
    def _batches_fit(self) -> "Settings":
        if self.max_in_flight < self.max_batch:
            raise PydanticCustomError("too_small", "TOPICS_MAX_IN_FLIGHT must be at least TOPICS_MAX_BATCH")
        return self

    @property
    def keys(self) -> frozenset[str]:
        """All keys, from both settings, the file read again; raises SettingsError if it is unreadable or has no key."""
        keys = frozenset(_split(self.api_keys.get_secret_value()))
        if self.api_keys_file is None:
            return keys
        try:
            return keys | _read_keys(self.api_keys_file)
        except PydanticCustomError as error:
            raise SettingsError(f"TOPICS_API_KEYS_FILE: {error.message()}.") from None


class _ServiceSettings(Settings):
    """Those of a service, which must be able to read its key file; a command may be run by another user."""

    @field_validator("api_keys_file")
    @classmethod
    def _readable(cls, file: Path | None) -> Path | None:
        if file is not None:
            _read_keys(file)
        return file


def _split(text: str) -> list[str]:
    return [key for part in text.split(",") if (key := part.strip())]


def _read_keys(file: Path) -> frozenset[str]:
    try:
        keys = _parse_keys(_read(file))
    except OSError as error:
        raise PydanticCustomError("file", "cannot be read ({reason})", {"reason": error.strerror}) from None
    except UnicodeDecodeError:
        raise PydanticCustomError("file", "the file is not UTF-8 text") from None
    if not keys:
        raise PydanticCustomError("file", "the file holds no key; write one a line")
    if not all(key.isprintable() for key in keys):
        raise PydanticCustomError("file", "a key holds a control character, which no header can carry")
    return keys


def _read(file: Path) -> bytes:
    if not stat.S_ISREG(file.stat().st_mode):  # a pipe would be empty when it is read again
        raise PydanticCustomError("file", "it is not a regular file")
    with file.open("rb") as opened:
        content = opened.read(MAX_KEY_FILE_BYTES + 1)
    if len(content) > MAX_KEY_FILE_BYTES:
        raise PydanticCustomError("file", "the file has more than 1 MiB")
    return content


def _parse_keys(content: bytes) -> frozenset[str]:
    """One key a line, whatever ends the lines; lines that begin with # are comments."""
    lines = [line.strip() for line in re.split("\r\n|\r|\n", content.decode("utf-8-sig"))]
    return frozenset(line for line in lines if line and not line.startswith("#"))


def load_settings(*, serving: bool = True, **overrides: Any) -> Settings:  # noqa: ANN401 - each is validated
    """Settings from the environment; raises SettingsError with a sentence for each variable that is wrong or unknown.

    `serving`: False for a command, which needs no key file, and has a variable of its own.
    """
    wrong = list(_unknown(os.environ, set() if serving else _COMMANDS))
    try:
        settings = (_ServiceSettings if serving else Settings)(**overrides)
    except ValidationError as error:
        wrong += [_sentence(one["loc"], one["msg"]) for one in error.errors(include_url=False, include_input=False)]
    if wrong:
        raise SettingsError("\n".join(wrong))
    return settings


def _sentence(loc: tuple[int | str, ...], message: str) -> str:
    # A rule between settings has no place of its own, and its message names them.
    return f"{_PREFIX}{str(loc[0]).upper()}: {message}." if loc else f"{message}."


def _unknown(environment: Mapping[str, str], also: set[str]) -> Iterator[str]:
    """A sentence for each variable that looks like a setting and is none: a typing error must not go unnoticed."""
    settings = [_PREFIX + name.upper() for name in Settings.model_fields]
    for given, value in sorted(environment.items()):
        name = given.upper()
        # Kubernetes sets such variables in every pod of a namespace that has a Service called topics.
        if not name.startswith(_PREFIX) or name in also.union(settings) or _SERVICE_LINK.fullmatch(f"{name}={value}"):
            continue
        if name in _COMMANDS:
            yield f"{given}: is for `python -m app classify` alone; a service reads TOPICS_API_KEYS."
            continue
        near = difflib.get_close_matches(name[:100], settings, 1)
        hint = f"did you mean {near[0]}?" if near else "docs/configuration.md lists all settings."
        yield f"{given[:200]}: there is no such setting; {hint}"
