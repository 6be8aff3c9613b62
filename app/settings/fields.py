"""The settings: their names, types, ranges, defaults and descriptions."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.classifier.loading import Runtime
from app.settings.key_file import KeyFileError, read_keys
from app.settings.values import (
    from_json,
    ipv4_mapped,
    lower,
    shown,
    split,
    split_folders,
    validate_keys,
    validate_origin,
    validate_proxies,
)

PREFIX = "TOPICS_"
"""Of the environment variables."""
DEFAULT_MODEL = "headlines/7"
"""Default bundle, as name and version."""
_MODELS = Path(__file__).parents[2] / "models"


class SettingsError(Exception):
    """Invalid settings; the message has one sentence for each, which names the variable."""


class Settings(BaseSettings):
    """All settings; a test compares the table in docs/configuration.md with this class."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    model: Annotated[
        tuple[Path, ...],
        NoDecode,
        BeforeValidator(split_folders),
        Field(
            description="Folder of the bundle to serve, or several, comma-separated; the first is the default model."
        ),
    ] = (_MODELS / DEFAULT_MODEL,)
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
            description="Answers whose most probable topic is below this are marked `low_confidence`; 0 disables this.",
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
        AfterValidator(validate_keys),
        Field(description="Comma-separated API keys. If set, all endpoints except the public ones require a key."),
    ] = SecretStr("")
    api_keys_file: Annotated[
        Path | None,
        Field(
            description="File of API keys, one per line, such as a Docker or Kubernetes secret; read again if changed."
        ),
    ] = None
    cors_origins: Annotated[
        list[Annotated[str, AfterValidator(validate_origin)]],
        NoDecode,
        BeforeValidator(from_json),
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
        AfterValidator(validate_proxies),
        Field(description="Addresses or networks of proxies whose `X-Forwarded-For` names the client in the log."),
    ] = ""
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        BeforeValidator(lower),
        Field(description="Minimum level of log lines; requests are logged at `info`."),
    ] = "info"
    access_log: Annotated[bool, Field(description="Log one line per request.")] = True
    log_headlines: Annotated[bool, Field(description="Add the headlines to the access log, as `texts`.")] = False

    @model_validator(mode="after")
    def _batches_fit(self) -> "Settings":
        if self.max_in_flight < self.max_batch:
            raise PydanticCustomError(
                "too_small",
                "TOPICS_MAX_IN_FLIGHT: {in_flight} is less than TOPICS_MAX_BATCH ({batch}); raise it, or lower the"
                " latter",
                {"in_flight": self.max_in_flight, "batch": self.max_batch},
            )
        return self

    @property
    def logs_requests(self) -> bool:
        """Whether the access log is on: its lines have the level `info`."""
        return self.access_log and self.log_level in {"debug", "info"}

    @property
    def proxies(self) -> list[str]:
        """The addresses and networks of `trusted_proxies`, those of IPv4 as IPv6 sockets write them (::ffff:), too."""
        given = split(self.trusted_proxies)
        return given + [mapped for address in given if (mapped := ipv4_mapped(address))]

    def read_keys(self) -> frozenset[str]:
        """The API keys of both settings; reads the key file, and raises SettingsError if it cannot be used."""
        keys = frozenset(split(self.api_keys.get_secret_value()))
        if self.api_keys_file is None:
            return keys
        try:
            return keys | read_keys(self.api_keys_file)
        except KeyFileError as error:
            raise SettingsError(f"TOPICS_API_KEYS_FILE: {shown(str(self.api_keys_file))}: {error}.") from None


def variable_name(field: str) -> str:
    """The environment variable of a setting."""
    return f"{PREFIX}{field.upper()}"


def option_name(field: str) -> str:
    """The option of `python -m app serve` for a setting."""
    return f"--{field.replace('_', '-')}"
