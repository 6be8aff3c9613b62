"""Reads the settings from the environment and from options of the command line."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError, field_validator
from pydantic_core import PydanticCustomError

from app.settings.fields import Settings, SettingsError
from app.settings.key_file import KeyFileError, read_keys
from app.settings.messages import message
from app.settings.unknown import unknown_variables
from app.settings.values import shown

_LIMITS = ("max_in_flight", "max_batch")
"""Settings with a rule between them."""


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
                    "key_file", "{file}: {reason}", {"file": shown(str(file)), "reason": str(error)}
                ) from None
        return file


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
    """The settings, with the default instead of each invalid one, and a sentence for each that is invalid.

    `options`: values given as options of the command line, by name of the setting; they override the environment.
    """
    wrong = list(unknown_variables(os.environ, serving))
    kind = _ServiceSettings if serving else Settings
    given = overrides | dict(options)
    invalid: set[str] = set()
    while True:
        try:
            return kind(**given), wrong
        except ValidationError as error:
            errors = error.errors(include_url=False)
        # A rule between settings is checked when each is valid on its own, perhaps with a default instead of an
        # invalid value; then it says nothing about what was given.
        fields = {str(error["loc"][0]) for error in errors if error["loc"]}
        if fields or invalid.isdisjoint(_LIMITS):
            wrong += [message(error, options) for error in errors]
        invalid |= fields or set(_LIMITS)
        given |= {name: Settings.model_fields[name].get_default() for name in invalid}
