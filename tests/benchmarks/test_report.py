"""The report: Markdown and plots."""

from pathlib import Path

from benchmarks.report import table, write
from benchmarks.speed.loads import LOADS
from benchmarks.speed.over_http import Rounds, summary
from benchmarks.speed.targets import TARGETS

MACHINE = {
    "date": "2026-11-24",
    "cpu": "A",
    "cores": 2,
    "busy": 0.01,
    "versions": {"python": "3.11", "keras": None},
}


def http() -> dict:
    figures = {"headlines_per_second": 100.0, "p50_ms": 1.0, "p99_ms": 2.0, "cpu_us": 10.0}
    rounds: Rounds = {(target.name, load.name): [figures] for target in TARGETS for load in LOADS}
    return {"machine": MACHINE, "seconds": 1, "rounds": 1, **summary(rounds)}


def test_report_names_machine_and_versions_and_shows_the_plot(tmp_path: Path):
    write(tmp_path, {"http": http()})
    text = (tmp_path / "README.md").read_text()
    assert "2026-11-24, A, 2 cores; python 3.11." in text
    assert "not reliable" not in text
    assert (tmp_path / "http.png").read_bytes().startswith(b"\x89PNG")


def test_report_of_a_busy_machine_says_so(tmp_path: Path):
    write(tmp_path, {"http": http() | {"machine": MACHINE | {"busy": 0.4}}})
    assert "Other programs used 40% of the CPU: not reliable" in (tmp_path / "README.md").read_text()


def test_table_shows_three_digits_and_nothing_for_nothing():
    assert table(("a", "b", "c"), [(1234.5, 0.01234, None)])[-1] == "| 1,234 | 0.0123 |  |"


def test_frameworks_that_were_not_measured_are_named(tmp_path: Path):
    write(tmp_path, {"http": http()})
    text = (tmp_path / "README.md").read_text()
    assert "Not measured, because they could not be installed: BentoML, MLServer, LitServe." in text


def test_report_ends_with_the_history_if_there_is_one(tmp_path: Path):
    write(tmp_path, {"http": http()})
    assert "history" not in (tmp_path / "README.md").read_text()
    (tmp_path / "history.png").touch()
    write(tmp_path, {"http": http()})
    assert (tmp_path / "README.md").read_text().endswith("![Throughput, start and memory by release](history.png)\n")
