"""Options of `serve` and `doctor`: the address, and those that override TOPICS_* variables."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from app import VERSION
from app.bundle_folders import missing_bundle
from app.cli.usage_errors import NonEmptyText
from app.server.command.metrics_folder import wrong_folder
from app.settings import DEFAULT_MODEL, Settings, option_name, read_settings, variable_name

BESIDE_VARIABLES = {"model": "FOLDER", "workers": "NUMBER", "log_level": "LEVEL"}
"""Settings that also have an option, with the word for its value in the help text."""

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What a service would start with."""

    host: str
    port: int
    """-1 if it is invalid."""
    settings: Settings
    """With the default instead of each invalid value."""
    wrong: list[str]
    """A sentence for each mistake, with the name and the value; never an API key."""
    options: frozenset[str]
    """Names of the settings that an option has set."""


def with_options(command: Command) -> Command:
    """Add the options of a service to a click command, which is called with the values as text."""
    command = click.version_option(VERSION, prog_name="reuters-topics")(command)
    for field, word in reversed(BESIDE_VARIABLES.items()):
        command = click.option(option_name(field), field, metavar=word, help=_help(field))(command)
    command = click.option(
        "--port", default="8000", show_default=True, metavar="PORT", help="Port to listen on; 0 picks a free one."
    )(command)
    return click.option(
        "--host", type=NonEmptyText(), default="127.0.0.1", show_default=True, help="Address to listen on."
    )(command)


def _help(field: str) -> str:
    about = Settings.model_fields[field]
    default = f"the included {DEFAULT_MODEL}" if field == "model" else about.default
    return f"{(about.description or '').replace('`', '')}  [variable: {variable_name(field)}; default: {default}]"


def read_options(host: str, port: str, options: dict[str, str | None]) -> ServeOptions:
    """Read and validate all that a service starts with, except the content of its bundle."""
    given = {name: value for name, value in options.items() if value is not None}
    settings, wrong = read_settings(given)
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else -1
    if not 0 <= number <= 65535:
        number = -1
        wrong.append(f'--port: "{port[:200]}" is not a whole number from 0 to 65,535.')
    elif number and settings.metrics_port == number:
        wrong.append(f"TOPICS_METRICS_PORT: {number} is the service's own port; choose another one.")
    name = option_name("model") if "model" in given else variable_name("model")
    wrong += [f"{name}: {missing}." for folder in settings.model if (missing := missing_bundle(folder))]
    if settings.shadow is not None and (missing := missing_bundle(settings.shadow)):
        wrong.append(f"{variable_name('shadow')}: {missing}.")
    if metrics := wrong_folder():
        wrong.append(metrics)
    return ServeOptions(host, number, settings, wrong, frozenset(given))
