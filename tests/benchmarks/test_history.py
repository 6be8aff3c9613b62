"""A line per release in history.csv."""

from pathlib import Path

from app import VERSION
from benchmarks import history
from benchmarks.speed.loads import LOADS
from benchmarks.speed.targets import EMPTY, SERVICE


def parts(**frameworks: float) -> dict:
    names = {"MLServer": None, **frameworks}
    ratios = {
        load.name: {EMPTY.name: {"rate": 0.5}} | {name: {"rate": rate} for name, rate in names.items() if rate}
        for load in LOADS
    }
    start = {SERVICE.name: {"ready_s": 0.5432, "resident_mb": 89.7}, EMPTY.name: {"ready_s": 0.4}}
    return {
        "http": {"machine": {"date": "2026-11-26", "model": "headlines/5"}, "ratios": ratios},
        "startup": {"starts": start},
    }


def test_line_has_the_fastest_framework_that_was_measured():
    line = history.line(parts(BentoML=9.5, LitServe=7.25))
    assert list(line) == list(history.FIELDS)
    assert line["best framework, 64 clients"] == "7.25"
    assert (line["version"], line["64 clients"], line["ready"], line["resident_mb"]) == (
        VERSION,
        "0.5",
        "1.36",
        "89.7",
    )
    assert history.line(parts())["best framework, 64 clients"] == ""


def test_second_run_of_a_version_replaces_its_line_and_keeps_the_others(tmp_path: Path):
    older = dict.fromkeys(history.FIELDS, "1") | {"version": "0.0.1"}
    (tmp_path / "history.csv").write_text(
        ",".join(f'"{name}"' for name in older) + "\n" + ",".join(older.values()) + "\n"
    )
    for rate in (7.0, 8.0):
        history.update(tmp_path, parts(BentoML=rate))
    lines = history.read(tmp_path / "history.csv")
    assert [one["version"] for one in lines] == ["0.0.1", VERSION]
    assert lines[1]["best framework, 64 clients"] == "8"
    assert (tmp_path / "history.png").read_bytes().startswith(b"\x89PNG")


def test_history_has_each_released_version_once():
    versions = [one["version"] for one in history.read(Path(history.__file__).with_name("results") / "history.csv")]
    assert versions
    assert len(versions) == len(set(versions))
