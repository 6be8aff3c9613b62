"""Kinds of requests, sent to a real process."""

from pathlib import Path

import pytest

from benchmarks.report import section
from benchmarks.speed import request_kinds
from benchmarks.speed.bars import bars


def test_each_kind_is_answered_and_measured(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOPICS_MODEL", str(tiny_bundle))
    part = request_kinds.measure(0.02, 1, lambda _: None)
    assert list(part["kinds"]) == [kind.name for kind in request_kinds.requests()]
    assert all(one["p50_ms"] > 0 for one in part["kinds"].values())


def test_report_has_a_line_for_each_kind_and_goals_for_explanations():
    kinds = {"12 words": {"p50_ms": 0.25, "cpu_us": 200.0}, "200 words": {"p50_ms": 0.5, "cpu_us": 400.0}}
    part = {"seconds": 1, "rounds": 3, "kinds": kinds, "explained": {"12 words": 1.9, "200 words": 9.0}}
    part["machine"] = {"date": "2026-11-26", "cpu": "A", "cores": 2, "busy": 0.0, "versions": {}}
    assert "| 12 words | 0.250 | 200 |" in section("requests", {"requests": part})
    assert [bar.verdict for bar in bars({"requests": part})] == ["yes", "**no**"]


class OneSecond:
    """A process that uses a second of processor time during each measurement."""

    port = 1

    def __init__(self) -> None:
        self.seconds = iter([0.0, 1.0])

    def cpu_seconds(self) -> float:
        return next(self.seconds)


def test_processor_time_is_that_of_a_headline_and_the_warm_up_does_not_count(monkeypatch: pytest.MonkeyPatch):
    exchanged: list[object] = []
    monkeypatch.setattr(request_kinds, "_exchange", lambda *_: exchanged.append(None))
    kind = request_kinds.Request("batch", "/predict/batch", b"", {}, headlines=100)
    figures = request_kinds._ask(OneSecond(), kind, 0.001)  # type: ignore[arg-type]
    assert figures["cpu_us"] == pytest.approx(1e6 / 100 / (len(exchanged) - 1))
