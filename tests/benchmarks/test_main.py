"""A complete run: which stored results it keeps, and which it replaces."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import history, machine, report
from benchmarks.__main__ import main
from benchmarks.scaling import growth
from benchmarks.speed import in_process, over_http, regression, request_kinds, startup

PARTS = (in_process, growth, startup, over_http, request_kinds, regression)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a result of an older form."""
    for part in PARTS:
        monkeypatch.setattr(part, "measure", lambda *_: {"new": 1})
    monkeypatch.setattr(machine, "_busy", lambda: 0.0)  # it takes a second
    monkeypatch.setattr(report, "write", lambda *_: None)
    monkeypatch.setattr(report, "section", lambda *_: [])
    monkeypatch.setattr(history, "update", lambda folder, _: (folder / "history.csv").touch())
    (tmp_path / "results.json").write_text('{"of another version": {}, "http": {"old": 1}}')
    return tmp_path


def kept(results: Path, *command: str) -> dict:
    finished = CliRunner().invoke(main, ["--results", str(results), *command], catch_exceptions=False)
    assert finished.exit_code == 0, finished.output
    parts: dict = json.loads((results / "results.json").read_text())
    return parts


def test_complete_run_discards_older_results(results: Path):
    parts = kept(results)
    assert set(parts) == {"in_process", "scaling", "startup", "http", "requests", "check"}
    assert "old" not in parts["http"]
    assert (results / "history.csv").exists()


def test_one_part_leaves_the_others_as_they_are(results: Path):
    parts = kept(results, "scaling")
    assert set(parts) == {"of another version", "http", "scaling"}
    assert parts["http"] == {"old": 1}


@pytest.mark.parametrize(
    ("fallen", "status", "output"),
    [([], 0, ""), (["singles", "memory"], 1, "Error: Worse by more than 25%, twice: singles, memory.\n")],
)
def test_check_fails_if_a_ratio_fell(
    results: Path, monkeypatch: pytest.MonkeyPatch, fallen: list[str], status: int, output: str
):
    (results / "results.json").write_text('{"check": {"ratios": {"singles": 1}}}')
    monkeypatch.setattr(
        regression, "fallen_ratios", lambda committed, *_: fallen if committed == {"singles": 1} else None
    )
    finished = CliRunner().invoke(main, ["--results", str(results), "check"])
    assert (finished.exit_code, finished.output) == (status, output)


def test_check_without_committed_ratios_says_what_to_run(results: Path):
    finished = CliRunner().invoke(main, ["--results", str(results), "check"])
    assert finished.exit_code == 1
    assert finished.output.endswith("has no ratios to compare with; run all benchmarks once.\n")
