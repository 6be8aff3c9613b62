"""Performance regression check: which ratios fail it."""

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.speed import regression
from benchmarks.speed.targets import EMPTY, SERVICE

COMMITTED = {"singles": 0.8, "batches": 0.5}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replaces the measurements, in turn, by the given ratios."""

    def give(*ratios: dict[str, float]) -> None:
        waiting = [{"ratios": each} for each in ratios]

        def measure(_: object) -> dict[str, Any]:
            return waiting.pop(0)

        monkeypatch.setattr(regression, "measure", measure)

    return give


def check() -> list[str]:
    return regression.fallen_ratios(COMMITTED, 0.25, lambda _: None)


def test_better_and_a_little_worse_pass_at_once(measured: Callable[..., None]):
    measured({"singles": 1.9, "batches": 0.39})
    assert check() == []


def test_worse_twice_has_fallen(measured: Callable[..., None]):
    measured({"singles": 0.5, "batches": 0.5}, {"singles": 0.5, "batches": 0.5})
    assert check() == ["singles"]


def test_worse_once_was_noise(measured: Callable[..., None]):
    measured({"singles": 0.5, "batches": 0.5}, {"singles": 0.8, "batches": 0.1})
    assert check() == []


@pytest.mark.parametrize("gone", [{"singles": 0.8}, {"singles": 0.8, "batches": float("nan")}])
def test_ratio_that_is_not_measured_any_more_has_fallen(measured: Callable[..., None], gone: dict[str, float]):
    measured(gone, gone)
    assert check() == ["batches"]


def test_ratios_above_one_say_that_the_service_is_better(monkeypatch: pytest.MonkeyPatch):
    starts = {SERVICE: {"cpu_s": 2.0, "resident_mb": 40.0}, EMPTY: {"cpu_s": 1.0, "resident_mb": 60.0}}
    monkeypatch.setattr(
        regression.over_http, "measure", lambda *_: {"ratios": {"singles": {EMPTY.name: {"cpu": 0.8, "rate": 0.1}}}}
    )
    monkeypatch.setattr(regression.startup, "start", lambda target, *_: starts[target])
    monkeypatch.setattr(regression, "_against_dense_product", lambda: {"in process": 9.0})
    assert regression.measure(lambda _: None)["ratios"] == {
        "singles, CPU against the empty route": 0.8,
        "start, CPU against the empty route": 0.5,
        "memory against the empty route": 1.5,
        "in process": 9.0,
    }
