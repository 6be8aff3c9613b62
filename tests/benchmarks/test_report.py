"""The report: Markdown, plots and goals."""

from pathlib import Path

from benchmarks.report import table, write
from benchmarks.speed.bars import Bar, bars
from benchmarks.speed.in_process import tabulate
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


def http(slow: float = 1.0) -> dict:
    figures = {"headlines_per_second": 100 / slow, "p50_ms": 1.0, "p99_ms": 2.0, "cpu_us": 10.0}
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


def test_missed_goal_is_no(tmp_path: Path):
    write(tmp_path, {"http": http()})
    text = (tmp_path / "README.md").read_text()
    assert "| against tf.function, 64 clients | 4x | 6x | 1x | **no** |" in text
    assert "| single headlines against the empty route, 1 client | 0.8x | 1x | 1x | yes, and the stretch goal |" in text


def test_goal_with_an_upper_bound_is_reached_below_it():
    assert Bar("start", 0.7, 1.0, 0.6, less_is_better=True).verdict == "yes"
    assert Bar("start", 1.1, 1.0, 0.6, less_is_better=True).verdict == "**no**"
    assert Bar("start", 0.5, 1.0, 0.6, less_is_better=True).verdict == "yes, and the stretch goal"


def test_table_shows_three_digits_and_nothing_for_nothing():
    assert table(("a", "b", "c"), [(1234.5, 0.01234, None)])[-1] == "| 1,234 | 0.0123 |  |"


def test_pytest_benchmarks_list_becomes_ratios_to_classify():
    def case(what: str, seconds: float) -> dict:
        return {"extra_info": {"what": what, "size": "1 headline"}, "stats": {"median": seconds}}

    table = tabulate([case("classify", 2e-5), case("tf.function", 1e-3)])
    assert round(table["microseconds"]["1 headline"]["classify"], 6) == 20
    assert round(table["ratios"]["1 headline"]["tf.function"], 6) == 50


def test_frameworks_that_were_not_measured_are_named(tmp_path: Path):
    write(tmp_path, {"http": http()})
    text = (tmp_path / "README.md").read_text()
    assert "Not measured, because they could not be installed: BentoML, MLServer, LitServe." in text
    assert "fastest serving framework" not in text


def test_goal_is_the_fastest_framework_that_was_measured():
    part = http()
    for load in part["ratios"].keys() - {"1 client"}:
        part["ratios"][load] |= {"BentoML": {"rate": 9.0}, "LitServe": {"rate": 7.5}}
    found = {bar.name: bar.measured for bar in bars({"http": part}) if "framework" in bar.name}
    assert found == {
        "against the fastest serving framework, 64 clients": 7.5,
        "against the fastest serving framework, batches of 100, 16 clients": 7.5,
    }


def test_report_ends_with_the_history_if_there_is_one(tmp_path: Path):
    write(tmp_path, {"http": http()})
    assert "history" not in (tmp_path / "README.md").read_text()
    (tmp_path / "history.png").touch()
    write(tmp_path, {"http": http()})
    assert (tmp_path / "README.md").read_text().endswith("![Throughput, start and memory by release](history.png)\n")
