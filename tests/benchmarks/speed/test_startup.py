"""Import times from Python's output, and medians of several rounds."""

from pathlib import Path

import pytest

from benchmarks.speed.startup import imports, start, summary
from benchmarks.speed.targets import EMPTY, SERVICE, Target

REPORT = """\
import time: self [us] | cumulative | imported package
import time:      1500 |       1500 |   numpy._core.multiarray
import time:       500 |       2000 | numpy
import time:       250 |        250 | click
"""


def test_imports_add_up_by_package_the_slowest_first():
    assert list(imports(REPORT).items()) == [("all", 2.25), ("numpy", 2.0), ("click", 0.25)]


def test_only_the_ten_slowest_packages_are_named():
    report = "".join(f"import time: {n}000 | {n}000 | package{n}\n" for n in range(1, 13))
    assert list(imports(report)) == ["all", *(f"package{n}" for n in range(12, 2, -1))]
    assert imports(report)["all"] == 78


class Starting:
    """A process that is ready after one second and has answered after two."""

    def __enter__(self) -> "Starting":
        return self

    def __exit__(self, *_: object) -> None: ...

    def wait(self, path: str, _: object = None) -> float:
        return 1.0 if path == "/health/ready" else 2.0

    def cpu_seconds(self) -> float:
        return 0.5

    def resident_mb(self) -> float:
        return 80.0


@pytest.mark.parametrize(("target", "ready"), [(SERVICE, 1.0), (EMPTY, 2.0)])
def test_service_without_a_probe_is_ready_when_it_has_answered(
    target: Target, ready: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(Target, "process", lambda *_: Starting())
    assert start(target, tmp_path, 1) == {
        "ready_s": ready,
        "first_prediction_s": 2.0,
        "cpu_s": 0.5,
        "resident_mb": 80.0,
    }


def test_gain_of_workers_is_the_median_of_each_turns_own_ratio():
    singles, batches = "64 clients", "batches of 100, 16 clients"
    rates = [(100, 190), (50, 100), (10, 10)]
    turns = [
        {count: {singles: rate, batches: rate * 5} for count, rate in zip((1, 2), pair, strict=True)} for pair in rates
    ]
    one, two = summary({1: [{"resident": 1}], 2: [{"resident": 6}]}, turns)
    assert (one["against_one"][singles], two["against_one"][singles]) == (1, 1.9)
    assert two["headlines_per_second"] == {singles: 100, batches: 500}
    assert two["memory_mb"] == [{"resident": 6}]
