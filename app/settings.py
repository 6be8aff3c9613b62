"""What an operator may choose, read from the environment (prefix TOPICS_)."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.classifier.classifier import Runtime

_MODELS = Path(__file__).parent.parent / "models"


class SettingsError(Exception):
    """A setting has a value that cannot be; the message names the variable."""


class Settings(BaseSettings):
    """Every setting; the README's table is held equal to this class by a test."""

    model_config = SettingsConfigDict(env_prefix="TOPICS_", frozen=True, extra="ignore")

    model: Annotated[Path, Field(description="Folder of the bundle to serve.")] = _MODELS / "book" / "1"
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
    deadline_seconds: Annotated[float, Field(gt=0, description="An answer that takes longer is given up with 504.")] = (
        10.0
    )
    min_probability: Annotated[
        float,
        Field(ge=0, le=1, description="Answers whose best topic is less probable are marked `low_confidence`; 0: off."),
    ] = 0.0


def load_settings(**overrides: Any) -> Settings:  # noqa: ANN401 - one value a setting, each validated
    """Settings from the environment; raises SettingsError that names the wrong variable in one sentence."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = f"TOPICS_{str(first['loc'][0]).upper()}"
        raise SettingsError(f"{name}: {first['msg'].lower()}, but it is {first['input']!r}.") from error
