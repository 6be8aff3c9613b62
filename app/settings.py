"""What an operator may choose, read from the environment (prefix TOPICS_)."""

import re
import stat
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as NotJsonError

from app.classifier.classifier import Runtime

MAX_KEY_FILE_BYTES = 1024 * 1024

_MODELS = Path(__file__).parent.parent / "models"


class SettingsError(Exception):
    """A setting has a value that cannot be; the message names the variable."""


class Settings(BaseSettings):
    """Every setting; the README's table is held equal to this class by a test."""

    model_config = SettingsConfigDict(env_prefix="TOPICS_", frozen=True, extra="ignore")

    model: Annotated[Path, Field(description="Folder of the bundle to serve.")] = _MODELS / "headlines" / "1"
    runtime: Annotated[
        Runtime, Field(description="`numpy`, or `keras` for a model that is not a stack of dense layers.")
    ] = "numpy"
    workers: Annotated[int, Field(ge=1, le=256, description="Processes that answer requests.")] = 1
    max_characters: Annotated[int, Field(ge=1, description="Longest text, in characters.")] = 20_000
    max_batch: Annotated[int, Field(ge=1, description="Most headlines in one batch.")] = 1_000
    max_body_bytes: Annotated[int, Field(ge=1, description="Largest request body, in bytes.")] = 8 * 1024 * 1024
    max_in_flight: Annotated[
        int, Field(ge=1, description="Most headlines a process holds at once; what is beyond is refused with 503.")
    ] = 10_000
    deadline_seconds: Annotated[
        float, Field(gt=0, allow_inf_nan=False, description="An answer that takes longer is given up with 504.")
    ] = 10.0
    min_probability: Annotated[
        float,
        Field(ge=0, le=1, description="Answers whose best topic is less probable are marked `low_confidence`; 0: off."),
    ] = 0.0

    drain_seconds: Annotated[
        float,
        Field(ge=0, allow_inf_nan=False, description="How long SIGTERM still answers while `/health/ready` says 503."),
    ] = 5.0
    api_keys: Annotated[
        SecretStr, Field(description="Keys, comma-separated, one of which guarded paths then want; empty: none.")
    ] = SecretStr("")
    api_keys_file: Annotated[
        Path | None, Field(description="File with such keys, one a line (a Docker or Kubernetes secret).")
    ] = None
    cors_origins: Annotated[
        list[str], Field(description="Origins whose pages may call the API, as a JSON list; empty: none.")
    ] = []
    metrics_port: Annotated[
        int | None, Field(ge=1, le=65535, description="Serve `/metrics` here, and not on the service's own port.")
    ] = None
    access_log: Annotated[bool, Field(description="Write a line for every request.")] = True
    log_headlines: Annotated[bool, Field(description="Put the headlines' text into that line.")] = False

    @model_validator(mode="after")
    def _batches_fit(self) -> "Settings":
        if self.max_in_flight < self.max_batch:
            raise PydanticCustomError("too_small", "TOPICS_MAX_IN_FLIGHT must be at least TOPICS_MAX_BATCH")
        return self

    @property
    def keys(self) -> frozenset[str]:
        """All keys, from both settings, the file read again; raises SettingsError if it is unreadable or has no key."""
        keys = frozenset(_split(self.api_keys.get_secret_value()))
        return keys if self.api_keys_file is None else keys | _read_keys(self.api_keys_file)


def _split(text: str) -> list[str]:
    return [key for part in text.split(",") if (key := part.strip())]


def _read_keys(file: Path) -> frozenset[str]:
    try:
        if stat.S_ISREG(file.stat().st_mode):
            with file.open("rb") as opened:
                text = opened.read(MAX_KEY_FILE_BYTES + 1)
        else:  # a pipe would be empty when it is read again
            text = None
    except OSError as error:
        raise SettingsError(f"TOPICS_API_KEYS_FILE: cannot be read ({error.strerror}).") from error
    if text is None:
        raise SettingsError("TOPICS_API_KEYS_FILE: it is not a regular file.")
    if len(text) > MAX_KEY_FILE_BYTES:
        raise SettingsError(f"TOPICS_API_KEYS_FILE: the file has more than {MAX_KEY_FILE_BYTES:,} bytes.")
    try:
        lines = [line.strip() for line in re.split("\r\n|\r|\n", text.decode("utf-8-sig"))]
    except UnicodeDecodeError:
        raise SettingsError("TOPICS_API_KEYS_FILE: it is not UTF-8 text.") from None
    keys = frozenset(line for line in lines if line and not line.startswith("#"))
    if not keys:
        raise SettingsError("TOPICS_API_KEYS_FILE: the file holds no key; write one a line.")
    if not all(key.isprintable() for key in keys):
        raise SettingsError("TOPICS_API_KEYS_FILE: a key holds a control character, which no header can carry.")
    return keys


def load_settings(**overrides: Any) -> Settings:  # noqa: ANN401 - one value a setting, each validated
    """Settings from the environment; raises SettingsError that names the wrong variable in one sentence."""
    try:
        return Settings(**overrides)
    except NotJsonError as error:
        field = str(error).split('"')[1]
        raise SettingsError(
            f'TOPICS_{field.upper()}: is not JSON; write a list such as ["https://example.org"].'
        ) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        # A rule between settings has no place of its own, and its message names them.
        name = f"TOPICS_{str(first['loc'][0]).upper()}: " if first["loc"] else ""
        raise SettingsError(f"{name}{first['msg']}.") from None
