"""Settings, read from environment variables with the prefix TOPICS_."""

import ipaddress
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin
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
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.classifier.classifier import Runtime
from app.key_file import KeyFileError, read_keys
from app.near_names import near_names

_MODELS = Path(__file__).parent.parent / "models"
_PREFIX = "TOPICS_"
_COMMANDS = {"TOPICS_API_KEY"}
"""Read by `python -m app classify --url`, which sends it to a service; the service itself does not use it."""
_ADDRESS = {f"{_PREFIX}{one}": f"the option --{one.lower()}, or {one} with make serve" for one in ("HOST", "PORT")}
"""What to use instead of variables that look like settings."""
_SERVICE_LINK = re.compile(
    r"TOPICS_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)=.*"
    r"|TOPICS_(\w+_)?PORT=(tcp|udp|sctp)://.*"
)
_TLS = re.compile("TLS|SSL|HTTPS|CERT")
NO_TLS = "leave it out and put a proxy with TLS in front, as docs/authentication.md describes"
"""What to do instead of giving the service a certificate."""
_LIMITS = ("max_in_flight", "max_batch")
"""Settings with a rule between them."""
_OWN = {"json", "key_file", "origin", "proxy"}
"""Types of the errors raised here, whose messages show the value."""
_DEFAULT_PORTS = {"http": 80, "https": 443}


class SettingsError(Exception):
    """Invalid settings; the message has one sentence for each, which names the variable."""


def _validate_keys(text: SecretStr) -> SecretStr:
    value = text.get_secret_value()
    keys = _split(value)
    if value and not keys:
        raise PydanticCustomError("no_key", "it is set but has no key; unset it to serve without authentication")
    if not all(key.isprintable() for key in keys):
        raise PydanticCustomError("control", "a key contains a control character; separate keys by commas")
    return text


def _folders(value: object) -> object:
    """Split a comma-separated list of folders; a Path is one folder, whatever its name."""
    if isinstance(value, Path):
        return (value,)
    if not isinstance(value, str):
        return value
    folders = _split(value)
    if not folders:
        raise PydanticCustomError("no_folder", "it has no folder; name one that holds a manifest.json")
    return tuple(folders)


def _from_json(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise PydanticCustomError(
            "json", '{value} is not JSON; write a list such as ["https://example.org"]', {"value": _shown(value)}
        ) from None


def _validate_origin(origin: str) -> str:
    """Accept only the form in which browsers send an origin; any other spelling would never match."""
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
            "browsers never send {origin} as an origin; write {right}",
            {"origin": _shown(origin), "right": _shown(right)},
        )
    return origin


def _shown(text: str) -> str:
    return json.dumps(text if len(text) <= 200 else text[:200] + "..")


def _validate_proxies(text: str) -> str:
    """Refuse what uvicorn would take for the name of a peer, which would never match."""
    if text and not _split(text):
        raise PydanticCustomError("proxy", "it has no address; unset it to trust no proxy")
    for value in _split(text):
        try:
            ipaddress.ip_network(value)
        except ValueError:
            try:
                right = f'"{value}" has bits after its prefix; write {ipaddress.ip_network(value, strict=False)}'
            except ValueError:
                right = f"{_shown(value)} is not an address or a network such as 10.0.0.0/8; separate them by commas"
            raise PydanticCustomError("proxy", "{reason}", {"reason": right}) from None
    return text


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class Settings(BaseSettings):
    """All settings; a test compares the table in docs/configuration.md with this class."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    model: Annotated[
        tuple[Path, ...],
        NoDecode,
        BeforeValidator(_folders),
        Field(
            description="Folder of the bundle to serve, or several, comma-separated; the first is the default model."
        ),
    ] = (_MODELS / "headlines" / "2",)
    shadow: Annotated[
        Path | None, Field(description="Folder of a bundle that classifies the same headlines for comparison only.")
    ] = None
    runtime: Annotated[
        Runtime, Field(description="`numpy`, or `keras` (TensorFlow) for a model that is not a stack of dense layers.")
    ] = "numpy"
    workers: Annotated[int, Field(ge=1, le=256, description="Worker processes.")] = 1
    max_characters: Annotated[
        int, Field(ge=1, le=1_000_000, description="Maximum length of a text, in characters.")
    ] = 20_000
    max_batch: Annotated[int, Field(ge=1, le=100_000, description="Maximum number of headlines in a batch.")] = 1_000
    max_body_bytes: Annotated[int, Field(ge=1, le=1024**3, description="Maximum size of a request body, in bytes.")] = (
        8 * 1024 * 1024
    )
    max_in_flight: Annotated[
        int,
        Field(
            ge=1,
            le=10_000_000,
            description="Maximum number of headlines in flight per worker (long texts count more); above it: 503.",
        ),
    ] = 10_000
    deadline_seconds: Annotated[
        float,
        Field(
            gt=0,
            le=3600,
            allow_inf_nan=False,
            description="Maximum time from the arrival of the body to the answer, in seconds; after that: 504.",
        ),
    ] = 10.0
    min_probability: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Answers whose best topic is below this probability are marked `low_confidence`; 0: off.",
        ),
    ] = 0.0
    outside_threshold: Annotated[
        float | None,
        Field(
            gt=0,
            le=1,
            description="Texts with `outside` above this are marked `outside`; 1 disables this. Default: the bundle's.",
        ),
    ] = None

    drain_seconds: Annotated[
        float,
        Field(
            ge=0,
            le=3600,
            allow_inf_nan=False,
            description="Time to answer requests after SIGTERM, in seconds, while `/health/ready` returns 503.",
        ),
    ] = 5.0
    api_keys: Annotated[
        SecretStr,
        AfterValidator(_validate_keys),
        Field(description="Comma-separated API keys. If set, endpoints require one, except the public ones."),
    ] = SecretStr("")
    api_keys_file: Annotated[
        Path | None,
        Field(
            description="File of API keys, one per line, such as a Docker or Kubernetes secret; read again if changed."
        ),
    ] = None
    cors_origins: Annotated[
        list[Annotated[str, AfterValidator(_validate_origin)]],
        NoDecode,
        BeforeValidator(_from_json),
        Field(description='Origins allowed by CORS, as a JSON list; `["*"]` allows all.'),
    ] = []
    keep_alive_seconds: Annotated[
        int,
        Field(
            ge=1,
            le=86_400,
            description="Idle connections are closed after this many seconds; set it longer than the proxy's timeout.",
        ),
    ] = 75
    metrics_port: Annotated[int | None, Field(ge=1, le=65535, description="Separate port for `/metrics`.")] = None
    trusted_proxies: Annotated[
        str,
        AfterValidator(_validate_proxies),
        Field(description="Addresses or networks of proxies whose `X-Forwarded-For` names the client in the log."),
    ] = ""
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        BeforeValidator(_lower),
        Field(description="Lowest level of the lines that are logged; requests are logged at `info`."),
    ] = "info"
    access_log: Annotated[bool, Field(description="Log one line per request.")] = True
    log_headlines: Annotated[bool, Field(description="Add the headlines to the access log, as `texts`.")] = False

    @model_validator(mode="after")
    def _batches_fit(self) -> "Settings":
        if self.max_in_flight < self.max_batch:
            raise PydanticCustomError(
                "too_small",
                "TOPICS_MAX_IN_FLIGHT: {most} is less than TOPICS_MAX_BATCH, {batch}; raise it, or lower that",
                {"most": self.max_in_flight, "batch": self.max_batch},
            )
        return self

    @property
    def logs_requests(self) -> bool:
        """Whether the access log is on: its lines have the level `info`."""
        return self.access_log and self.log_level in {"debug", "info"}

    @property
    def proxies(self) -> list[str]:
        """The addresses and networks of `trusted_proxies`."""
        return _split(self.trusted_proxies)

    @property
    def keys(self) -> frozenset[str]:
        """Keys of both settings. Reads the key file on each call; raises SettingsError if it cannot be used."""
        keys = frozenset(_split(self.api_keys.get_secret_value()))
        if self.api_keys_file is None:
            return keys
        try:
            return keys | read_keys(self.api_keys_file)
        except KeyFileError as error:
            raise SettingsError(f"TOPICS_API_KEYS_FILE: {_shown(str(self.api_keys_file))}: {error}.") from None


class _ServiceSettings(Settings):
    """Settings of a service: its key file must be readable. A command may run as another user, who cannot read it."""

    @field_validator("api_keys_file")
    @classmethod
    def _validate_key_file(cls, file: Path | None) -> Path | None:
        if file is not None:
            try:
                read_keys(file)
            except KeyFileError as error:
                raise PydanticCustomError(
                    "key_file", "{file}: {reason}", {"file": _shown(str(file)), "reason": str(error)}
                ) from None
        return file


def _split(text: str) -> list[str]:
    return [key for part in text.split(",") if (key := part.strip())]


def load_settings(*, serving: bool = True, **overrides: Any) -> Settings:  # noqa: ANN401 - each is validated
    """Read the settings from the environment; raises SettingsError with a sentence for each invalid variable.

    `serving`: False for a command, which does not read the key file and also accepts TOPICS_API_KEY.
    """
    settings, wrong = read_settings(serving=serving, **overrides)
    if wrong:
        raise SettingsError("\n".join(wrong))
    return settings


def read_settings(
    options: Mapping[str, str] = MappingProxyType({}),
    *,
    serving: bool = True,
    **overrides: Any,  # noqa: ANN401 - each is validated
) -> tuple[Settings, list[str]]:
    """The settings, with the default in place of each invalid one, and a sentence for each that is invalid.

    `options`: values given as options of the command line, by name of the setting; they override the environment.
    """
    wrong = list(_unknown(os.environ, set() if serving else _COMMANDS))
    kind = _ServiceSettings if serving else Settings
    given = overrides | dict(options)
    try:
        return kind(**given), wrong
    except ValidationError as error:
        errors = error.errors(include_url=False)
    invalid = {str(one["loc"][0]) for one in errors if one["loc"]}
    wrong += [_sentence(one, options) for one in errors]
    given |= {name: Settings.model_fields[name].get_default() for name in invalid}
    try:
        return kind(**given), wrong
    except ValidationError as error:  # a rule between settings, which is checked once each of them is valid
        if invalid.isdisjoint(_LIMITS):
            wrong += [one for one in (_sentence(each, options) for each in error.errors()) if one not in wrong]
    return kind(**given | {name: Settings.model_fields[name].get_default() for name in _LIMITS}), wrong


def _sentence(error: ErrorDetails, options: Collection[str]) -> str:
    if not error["loc"]:  # an error of a rule between settings, whose message names the variables
        return f"{error['msg']}."
    field = str(error["loc"][0])
    expected = _expected(Settings.model_fields[field])
    if expected is not None:
        message = f"{_shown(str(error['input']))} is not {expected}"
    elif error["type"] in _OWN or field == "api_keys":
        message = error["msg"]
    else:  # one of pydantic's own, which does not show the value
        message = f"{_shown(str(error['input']))}: {error['msg'][:1].lower()}{error['msg'][1:]}"
    return f"{option_name(field) if field in options else variable_name(field)}: {message}."


def variable_name(field: str) -> str:
    """The environment variable of a setting."""
    return f"{_PREFIX}{field.upper()}"


def option_name(field: str) -> str:
    """The option of `python -m app serve` for a setting."""
    return f"--{field.replace('_', '-')}"


def _expected(field: FieldInfo) -> str | None:
    """The allowed values of a number, a choice or a boolean, for the error message; None for other settings."""
    if field.annotation is bool:
        return "true or false"
    if get_origin(field.annotation) is Literal:
        return " or ".join(get_args(field.annotation))
    bounds = {name: getattr(one, name) for one in field.metadata for name in ("ge", "gt", "le") if hasattr(one, name)}
    if "le" not in bounds:
        return None
    kind = "a number" if field.annotation is float else "a whole number"
    low = f"from {bounds['ge']:,} to" if "ge" in bounds else f"above {bounds['gt']:,} and up to"
    return f"{kind} {low} {bounds['le']:,}"


def _unknown(environment: Mapping[str, str], also: set[str]) -> Iterator[str]:
    """A sentence for each TOPICS_ variable that is not a setting, so that typing errors are noticed."""
    settings = [_PREFIX + name.upper() for name in Settings.model_fields]
    for given, value in sorted(environment.items()):
        name = given.upper()
        # Kubernetes sets TOPICS_PORT and others in every pod of a namespace that has a Service named topics.
        if not name.startswith(_PREFIX) or name in also.union(settings) or _SERVICE_LINK.fullmatch(f"{name}={value}"):
            continue
        if name in _COMMANDS:
            yield f"{given}: is only for `python -m app classify`; a service reads TOPICS_API_KEYS."
            continue
        if _TLS.search(name):
            yield f"{given[:200]}: the service has no TLS; {NO_TLS}."
            continue
        if name in _ADDRESS:
            yield f"{given}: is not a setting; use {_ADDRESS[name]}."
            continue
        near = near_names(name.removeprefix(_PREFIX), [one.removeprefix(_PREFIX) for one in (*settings, *sorted(also))])
        found = " or ".join([_PREFIX + one for one in near])
        hint = f"did you mean {found}?" if near else "docs/configuration.md lists all settings."
        yield f"{given[:200]}: unknown setting; {hint}"
