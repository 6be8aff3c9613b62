"""python -m app model, and topics."""

import json
from pathlib import Path

import pytest

from app.classifier import load_classifier
from app.terminal_columns import columns
from tests import any_bundles
from tests.app.cli.running import run
from tests.tiny_bundle import write_any_bundle, write_outside_bundle


def test_model_says_what_the_manifest_says(tiny_bundle: Path) -> None:
    printed = run("model").stdout
    assert printed.startswith('{\n  "path": ')
    body = json.loads(printed)
    assert (body["name"], body["version"], body["encoding"]["size"]) == ("tiny", "1", 300)
    assert body["digest"] == load_classifier(tiny_bundle).bundle.digest


@pytest.mark.parametrize("command", ["classify", "model", "topics"])
def test_help_says_which_model_is_the_default(command: str) -> None:
    shown = " ".join(run(command, "--help").stdout.split())
    assert "variable: TOPICS_MODEL, the first of several folders; default: the included headlines/7]" in shown


def test_topics_lists_all_46() -> None:
    lines = run("topics").stdout.splitlines()
    assert len(lines) == 47
    assert lines[17].split() == ["16", "crude", "Crude", "oil", "26", "0.80", "0.75", "-"]
    as_json = [json.loads(line) for line in run("topics", "--json").stdout.splitlines()]
    assert [one["label"] for one in as_json] == list(range(46))


@pytest.mark.parametrize("command", [("model",), ("topics",), ("classify", "oil")])
def test_wrong_folder_is_named_by_its_option_or_variable(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = tmp_path / "nope"
    assert run(*command, "--model", missing).stderr.startswith(f"Error: --model: {missing}: no such bundle folder; ")
    monkeypatch.setenv("TOPICS_MODEL", str(missing))
    result = run(*command)
    assert result.exit_code == 3
    assert result.stderr.startswith(f"Error: TOPICS_MODEL: {missing}: no such bundle folder; ")


def test_model_leaves_out_what_the_topics_command_and_the_bundle_itself_say(tiny_bundle: Path) -> None:
    body = json.loads(run("model").stdout)
    assert body["path"] == str(tiny_bundle)
    assert not {"format", "topics", "files", "reference"} & set(body)


def test_table_of_topics_is_aligned_and_has_a_dash_where_no_skill_was_measured() -> None:
    lines = run("topics").stdout.splitlines()
    width = max(len(line[24:].split("  ")[0]) for line in lines[1:])
    assert lines[0] == f"label  topic            {'name':{width}}  support  precision  recall     F1"
    assert lines[17] == f"   16  crude            {'Crude oil':{width}}       26       0.80    0.75      -"
    assert {len(line) for line in lines} == {len(lines[0])}


@pytest.mark.parametrize("command", ["model", "topics"])
def test_bundle_that_is_named_is_the_one_described(command: str, tmp_path: Path) -> None:
    result = run(command, "--model", tmp_path / "none")
    assert (result.exit_code, result.stdout) == (3, "")
    assert f"{tmp_path / 'none'}: no such bundle folder" in result.stderr


@pytest.mark.parametrize("command", ["model", "topics"])
def test_setting_that_is_wrong_is_3_with_its_name(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPICS_MIN_PROBABILITY", "2")
    result = run(command)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "TOPICS_MIN_PROBABILITY" in result.stderr


def test_outside_class_is_described_with_its_threshold_and_what_it_costs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = write_outside_bundle(tmp_path / "bundle", lost=0.04, found=0.71)
    outside = json.loads(run("model", "--model", bundle).stdout)["outside"]
    assert (outside["threshold"], outside["lost"], outside["found"]) == (0.5, 0.04, 0.71)
    monkeypatch.setenv("TOPICS_OUTSIDE_THRESHOLD", "0.8")
    assert run("topics", "--model", bundle).stdout.splitlines()[-1] == (
        "Texts with `outside` above 0.8 are marked. At 0.5: 71% of the held-out texts without a topic, and 4% of"
        " those with one."
    )


@pytest.mark.parametrize("kind", any_bundles.BUNDLES)
def test_topics_of_any_bundle_are_one_line_each(tmp_path: Path, kind: str):
    bundle = any_bundles.write(tmp_path / "bundle", kind)
    lines = run("topics", "--model", bundle).stdout.rstrip("\n").split("\n")
    known = any_bundles.BUNDLES[kind][0]
    assert len(lines) == len(known) + 1
    assert all(line.replace("\u200d", "").isprintable() for line in lines)  # a zero width joiner is part of emoji
    assert max(map(len, lines)) < 200
    asked = [json.loads(line)["code"] for line in run("topics", "--model", bundle, "--json").stdout.splitlines()]
    assert asked == list(known)


def test_names_that_equal_their_codes_are_left_out_of_the_table(tmp_path: Path) -> None:
    own = write_any_bundle(
        tmp_path / "own" / "1", {"shipping": ("shipping", "parcel"), "account": ("account", "login")}
    )
    lines = run("topics", "--model", own).stdout.splitlines()
    assert lines[0].split() == ["label", "topic", "support", "precision", "recall", "F1"]
    assert sum(line.count("shipping") for line in lines) == 1
    assert {len(line) for line in lines} == {len(lines[0])}


def test_table_is_aligned_for_wide_and_combining_characters_and_short_codes(tmp_path: Path) -> None:
    topics = {
        "石油": ("crude", "oil"),
        "小麦": ("ble\u0301", "wheat"),
        "กีฬา": ("ที่", "gold"),
        "a": ("x" * 60, "corn"),
        "b": ("y" * 61, "soy"),
    }
    lines = run("topics", "--model", write_any_bundle(tmp_path / "own" / "1", topics)).stdout.splitlines()
    assert {columns(line) for line in lines} == {columns(lines[0])}
    assert lines[0] == f"label  topic            {'name':60}  support  precision  recall     F1"
    assert [line[24:].strip().split()[0] for line in lines[4:]] == ["x" * 60, "y" * 57 + "..."]
