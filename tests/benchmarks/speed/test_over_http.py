"""From rounds to medians and ratios."""

import json
import math
from pathlib import Path

import pytest

from benchmarks import wrk
from benchmarks.machine import MeasurementError
from benchmarks.speed.loads import BATCH, LOADS, write_bodies
from benchmarks.speed.over_http import Rounds, _agree, ask, summary
from benchmarks.speed.targets import EMPTY, SERVICE, TF_FUNCTION, Target


def figures(rate: float, cpu: float = 100, p99: float = 1) -> dict[str, float]:
    return {"headlines_per_second": rate, "p50_ms": 0.5, "p99_ms": p99, "cpu_us": cpu}


def test_ratio_is_the_median_of_each_rounds_own_so_a_slow_round_cancels_out():
    rounds: Rounds = {
        (SERVICE.name, "1 client"): [figures(900), figures(90), figures(900)],
        ("empty", "1 client"): [figures(1_000), figures(100), figures(2_000)],
    }
    assert summary(rounds)["ratios"]["1 client"]["empty"]["rate"] == 0.9
    assert summary(rounds)["medians"]["1 client"][SERVICE.name]["headlines_per_second"] == 900


def test_every_ratio_above_one_says_that_the_service_is_better():
    rounds: Rounds = {
        (SERVICE.name, "1 client"): [figures(200, cpu=50, p99=2)],
        ("slow", "1 client"): [figures(100, cpu=100, p99=8)],
    }
    assert summary(rounds)["ratios"]["1 client"]["slow"] == {"rate": 2, "cpu": 2, "p99": 4}


def test_cpu_too_short_for_the_kernel_to_count_gives_no_ratio():
    rounds: Rounds = {
        (SERVICE.name, "1 client"): [figures(200, cpu=0)],
        ("other", "1 client"): [figures(100)],
    }
    assert math.isnan(summary(rounds)["ratios"]["1 client"]["other"]["cpu"])


def test_bodies_are_singles_and_batches_of_the_same_headlines(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TOPICS_MODEL", str(tiny_bundle))
    files = write_bodies(tmp_path)
    singles = [json.loads(line)["headline"] for line in files[1].read_text().splitlines()]
    batches = [json.loads(line)["headlines"] for line in files[BATCH].read_text().splitlines()]
    assert [headline for batch in batches for headline in batch] == singles
    assert {len(batch) for batch in batches} == {BATCH}


class Watched:
    """A process that records its calls; each call of `settle` adds 0.1 s of CPU time."""

    port = 1

    def __init__(self, happened: list[str]) -> None:
        self.happened = happened
        self.cpu = 0.0

    def cpu_seconds(self) -> float:
        return self.cpu

    def settle(self) -> None:
        self.happened.append("settled")
        self.cpu += 0.1


def test_core_is_idle_before_the_next_service_is_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    happened: list[str] = []
    process = Watched(happened)

    def load(*_: object) -> wrk.Run:
        happened.append("loaded")
        process.cpu += 1.0
        return wrk.Run(requests=1_000, seconds=1.0, p50=1.0, p99=2.0)

    monkeypatch.setattr(wrk, "load", load)
    measured = ask(process, LOADS[0], tmp_path, 1.0, [0])  # type: ignore[arg-type]
    assert happened == ["loaded", "settled", "loaded", "settled"]
    assert measured["cpu_us"] == pytest.approx(1_000)  # the second of the run, without the time after it


class Answering:
    """A process whose every answer is one topic."""

    def __init__(self, topic: str) -> None:
        self.topic = topic

    def ask(self, *_: object) -> tuple[int, dict[str, list[dict[str, str]]]]:
        return 200, {"predictions": [{"topic": self.topic}]}


def test_services_that_predict_different_topics_are_not_compared_but_an_empty_one_is(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TOPICS_MODEL", str(tiny_bundle))

    def agree(topics: dict[Target, str]) -> None:
        _agree({target: Answering(topic) for target, topic in topics.items()})  # type: ignore[misc]

    agree({SERVICE: "gold", TF_FUNCTION: "gold", EMPTY: "crude"})
    with pytest.raises(MeasurementError, match=r"answer .* differently: .*: 'gold', .*: 'crude'"):
        agree({SERVICE: "gold", TF_FUNCTION: "crude"})
