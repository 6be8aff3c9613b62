"""The command `python -m app doctor`: the settings of a service, and whether it can start on this machine."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

import click
from pydantic import SecretStr

from app import VERSION
from app.cli.standard_streams import write_lines
from app.control_characters import one_line
from app.server.command.checks import Check, checks
from app.server.command.options import ServeOptions, read_options, with_options
from app.settings import Settings, SettingsError, option_name, variable_name

Source = Literal["default", "environment", "file", "option"]


class Setting(NamedTuple):
    """One setting as the service would use it."""

    name: str
    value: str
    source: Source


@click.command()
@with_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(host: str, port: str, as_json: bool, **options: str | None) -> None:
    """Check that the service can start, without serving.

    Verifies the bundle, checks port, memory and file descriptors, and prints each setting with its source. The exit
    status is 0 if the service can start, and 1 if not. API keys are never printed.
    """
    chosen = read_options(host, port, options)
    results = [Check("settings", "fail", sentence.removesuffix(".")) for sentence in chosen.wrong]
    results = results or [Check("settings", "ok", "all valid")]
    results += checks(chosen)
    works = all(check.status != "fail" for check in results)
    if as_json:
        write_lines(json.dumps(_json(works, list(_settings(chosen)), results), indent=2))
    else:
        lines = [f"      {setting.name}={setting.value} ({setting.source})" for setting in _settings(chosen)]
        lines = [*(f"{check.status:4}  {check.name}: {check.detail}" for check in results), *lines]
        write_lines(*map(one_line, lines))
    if not works:
        raise click.exceptions.Exit(1)


def _json(works: bool, settings: list[Setting], results: list[Check]) -> dict[str, Any]:
    return {
        "ok": works,
        "version": VERSION,
        "settings": [setting._asdict() for setting in settings],
        "checks": [check._asdict() for check in results],
    }


def _settings(chosen: ServeOptions) -> Iterator[Setting]:
    yield Setting("--host", chosen.host, _source_of_parameter("host"))
    yield Setting("--port", str(chosen.port) if chosen.port >= 0 else "invalid", _source_of_parameter("port"))
    given = {name.upper() for name, value in os.environ.items() if value}
    wrong = {sentence.partition(":")[0] for sentence in chosen.wrong}
    for field in Settings.model_fields:
        name = option_name(field) if field in chosen.options else variable_name(field)
        source: Source = "option" if field in chosen.options else "environment" if name in given else "default"
        if field == "api_keys" and source == "default" and chosen.settings.api_keys_file is not None:
            source = "file"
        yield Setting(name, _invalid(field, name) if name in wrong else _shown(chosen.settings, field), source)


def _invalid(field: str, name: str) -> str:
    """The folder of a bundle as it was given; for other settings only `invalid`, as they may hold an API key."""
    if field not in {"model", "shadow"}:
        return "invalid"
    given: str = click.get_current_context().params.get(field) or os.environ.get(name, "invalid")
    return given[:200]


def _source_of_parameter(name: str) -> Source:
    default = click.get_current_context().get_parameter_source(name) is click.core.ParameterSource.DEFAULT
    return "default" if default else "option"


def _shown(settings: Settings, field: str) -> str:
    """The value as it is written in the environment; of API keys only their number."""
    value = getattr(settings, field)
    if isinstance(value, SecretStr):
        try:
            number = len(settings.read_keys())
        except SettingsError:
            number = 0
        return f"{number} key{'s' * (number != 1)}" if number else ""
    if value is None:
        return ""
    if isinstance(value, list):
        return json.dumps(value) if value else ""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return str(Path(value)) if isinstance(value, Path) else f"{value}"
