"""Options beside the variables: an option overrides its variable, and errors name whichever was given."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import VERSION
from app.__main__ import main
from app.server.command.options import BESIDE_VARIABLES, read_options


def refused(*arguments: str, **environment: str) -> list[str]:
    """The error lines of `serve`."""
    result = CliRunner().invoke(main, ["serve", *arguments], env=environment)
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert all(line.startswith("Error: ") for line in lines)
    return [line.removeprefix("Error: ") for line in lines]


def test_option_overrides_the_variable(monkeypatch: pytest.MonkeyPatch, tiny_bundle: Path):
    monkeypatch.setenv("TOPICS_MODEL", "/nowhere")
    monkeypatch.setenv("TOPICS_WORKERS", "many")
    chosen = read_options("127.0.0.1", "0", {"model": str(tiny_bundle), "workers": "2", "log_level": None})
    assert chosen.wrong == []
    assert (chosen.settings.model, chosen.settings.workers, chosen.options) == ((tiny_bundle,), 2, {"model", "workers"})


def test_all_mistakes_are_reported_at_once_with_the_name_and_value_that_were_given():
    lines = refused(
        *("--workers", "0", "--log-level", "loud", "--port", "70000", "--model", "/nowhere/1"),
        TOPICS_MAX_BATCH="many",
        TOPICS_API_KEYS="hush\nhush",
        TOPICS_APIKEY="hush",
    )
    assert sorted(lines) == [
        '--log-level: "loud" is not debug, info, warning or error.',
        "--model: /nowhere/1: no such bundle folder; name one that holds a manifest.json.",
        '--port: "70000" is not a whole number from 0 to 65,535.',
        '--workers: "0" is not a whole number from 1 to 256.',
        "TOPICS_APIKEY: unknown setting; did you mean TOPICS_API_KEYS?",
        "TOPICS_API_KEYS: a key contains a control character; separate keys by commas.",
        'TOPICS_MAX_BATCH: "many" is not a whole number from 1 to 100,000.',
    ]


@pytest.mark.parametrize("port", ["-1", "65536", "99999999999999999999", "1.5", "http", "", " 80", "\u0663"])
def test_port_that_is_none_is_refused(port: str):
    [line] = refused(f"--port={port}")
    assert line == f'--port: "{port}" is not a whole number from 0 to 65,535.'


def test_folder_of_versions_is_refused_with_the_versions(tmp_path: Path):
    for version in ("1", "2"):
        (tmp_path / "news" / version).mkdir(parents=True)
        (tmp_path / "news" / version / "manifest.json").touch()
    news = tmp_path / "news"
    [line] = refused(TOPICS_MODEL=str(news))
    assert line == (
        f"TOPICS_MODEL: {news}: is not a bundle but has bundles in it; choose {news / '1'} or {news / '2'}."
    )


def helped(command: str) -> str:
    result: Result = CliRunner().invoke(main, [command, "--help"])
    return " ".join(result.output.split())


@pytest.mark.parametrize("command", ["serve", "doctor"])
def test_help_names_option_and_variable(command: str):
    text = helped(command)
    for field in BESIDE_VARIABLES:
        assert f"--{field.replace('_', '-')} " in text
        assert f"[variable: TOPICS_{field.upper()}; default: " in text
    assert "--host" in text
    assert "--port" in text


@pytest.mark.parametrize("command", [[], ["serve"], ["doctor"]])
def test_version_is_printed(command: list[str]):
    assert CliRunner().invoke(main, [*command, "--version"]).output == f"reuters-topics, version {VERSION}\n"
