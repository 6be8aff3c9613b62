"""Every setting can be wrong in a way that is told, and every setting is in the README."""

import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from app.__main__ import main
from app.settings import Settings, SettingsError, load_settings
from tests.server import ROOT

WRONG = [
    ("TOPICS_WORKERS", "0"),
    ("TOPICS_WORKERS", "many"),
    ("TOPICS_RUNTIME", "torch"),
    ("TOPICS_MAX_CHARACTERS", "-1"),
    ("TOPICS_MAX_BATCH", "1.5"),
    ("TOPICS_MAX_BODY_BYTES", "8MB"),
    ("TOPICS_MAX_IN_FLIGHT", "0"),
    ("TOPICS_MAX_IN_FLIGHT", "999"),  # less than a batch
    ("TOPICS_DEADLINE_SECONDS", "0"),
    ("TOPICS_DEADLINE_SECONDS", "nan"),
    ("TOPICS_DEADLINE_SECONDS", "inf"),
    ("TOPICS_DRAIN_SECONDS", "-1"),
    ("TOPICS_DRAIN_SECONDS", "inf"),
    ("TOPICS_MIN_PROBABILITY", "2"),
    ("TOPICS_METRICS_PORT", "0"),
    ("TOPICS_ACCESS_LOG", "perhaps"),
    ("TOPICS_LOG_HEADLINES", "2"),
    ("TOPICS_CORS_ORIGINS", "https://example.org"),
    ("TOPICS_CORS_ORIGINS", "[1]"),
    ("TOPICS_API_KEYS_FILE", "/nowhere/keys"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_wrong_value_stops_the_start_with_one_sentence_that_names_the_variable(name: str, value: str):
    result = CliRunner().invoke(main, ["serve", "--port", "0"], env={name: value})
    assert result.exit_code == 1
    [line] = result.output.strip().splitlines()
    assert line.startswith(f"Error: {name}")
    assert line.endswith(".")


def test_every_setting_with_a_rule_has_a_wrong_value_here():
    free = {"model", "api_keys"}  # any path may be tried, any text may be a key
    assert {name for name, _ in WRONG} == {
        f"TOPICS_{name.upper()}" for name in Settings.model_fields if name not in free
    }


def test_unknown_bundle_is_told_before_workers_start():
    result = CliRunner().invoke(main, ["serve"], env={"TOPICS_MODEL": "/nowhere/bundle", "TOPICS_WORKERS": "2"})
    assert result.exit_code == 1
    assert result.output.startswith("Error: /nowhere/bundle: no such bundle folder")


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOPICS_MAX_BATCH", "12")
    monkeypatch.setenv("TOPICS_CORS_ORIGINS", '["https://example.org"]')
    settings = load_settings()
    assert (settings.max_batch, settings.cors_origins) == (12, ["https://example.org"])


def test_settings_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().workers = 2  # type: ignore[misc]


def test_keys_come_from_both_settings_without_blanks(tmp_path: Path):
    file = tmp_path / "keys"
    file.write_text("one\n\n two \r\n")
    assert load_settings(api_keys="three, four,,", api_keys_file=file).keys == {"one", "two", "three", "four"}


KEY_FILES = [
    (b"one\ntwo\n", {"one", "two"}),
    (b"one", {"one"}),
    (b"one\r\ntwo\r\n", {"one", "two"}),
    (b"one\rtwo", {"one", "two"}),
    (b"\xef\xbb\xbfone\ntwo", {"one", "two"}),
    (b"  one \t\n\n\t\n two", {"one", "two"}),
    (b"# of the shop\none\n  # old: two\n#three", {"one"}),
    (b"one,two\n,\n", {"one,two", ","}),
    (b"a#b\nc # d\n", {"a#b", "c # d"}),
    ("schl\u00fcssel\n".encode(), {"schl\u00fcssel"}),
]


@pytest.mark.parametrize(("content", "keys"), KEY_FILES)
def test_key_file_has_one_key_a_line(tmp_path: Path, content: bytes, keys: set[str]):
    file = tmp_path / "keys"
    file.write_bytes(content)
    assert load_settings(api_keys_file=file).keys == keys


def test_key_file_that_is_a_pipe_or_a_folder_is_refused_at_once(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    for file in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(SettingsError, match="it is not a regular file"):
            load_settings(api_keys_file=file).keys  # noqa: B018


def test_keys_never_show_in_a_representation():
    assert "hush" not in repr(load_settings(api_keys="hush"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n \n",
        b"# none\n",
        b"\xef\xbb\xbf",
        b"\xff\xfe\x00",
        "one".encode("utf-16-le"),
        b"o\x00e",
        b"x" * 2_000_000,
    ],
)
def test_key_file_without_keys_is_refused(tmp_path: Path, content: bytes):
    file = tmp_path / "keys"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match="TOPICS_API_KEYS_FILE"):
        load_settings(api_keys_file=file).keys  # noqa: B018


def test_every_setting_is_described():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_readme_lists_every_setting_and_no_other():
    rows = re.findall(r"^\| `(TOPICS_\w+)` +\|", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(f"TOPICS_{name.upper()}" for name in Settings.model_fields)
