"""Lifecycle phases, and timing of requests with a fake clock."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.classifier import load_classifier
from app.errors import NotReadyError
from app.serving import served_model, service
from app.serving.loading import Classifiers
from app.serving.service import Service
from app.settings import load_settings


def in_loop(work: Callable[[], Any]) -> Any:
    """The result of `work` in an event loop, where the metrics set a timer."""

    async def run() -> Any:
        return work()

    return asyncio.run(run())


@pytest.fixture
def starting(tiny_bundle: Path) -> Service:
    return Service(load_settings(model=tiny_bundle))


@pytest.fixture
def ready(starting: Service, tiny_bundle: Path) -> Service:
    starting.start(Classifiers((load_classifier(tiny_bundle),)))
    return starting


class Clock:
    """Replaces `time`: the differences between readings of `perf_counter` are 1 ms, 2 ms, 4 ms and so on."""

    def __init__(self) -> None:
        self.now = 100.0
        self.counted, self.step = 0.0, 0.0005

    def monotonic(self) -> float:
        return self.now

    def perf_counter(self) -> float:
        self.step *= 2
        self.counted += self.step
        return self.counted


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    one = Clock()
    monkeypatch.setattr(service, "time", one)
    monkeypatch.setattr(served_model, "time", one)
    return one


def test_without_a_model_a_process_is_starting_and_not_ready(starting: Service) -> None:
    assert starting.phase == "starting"
    for ask in (starting.ensure_ready, lambda: starting.classifier, lambda: starting.model().classify(["oil"], 1)):
        with pytest.raises(NotReadyError, match="has not loaded yet"):
            ask()


def test_with_a_model_it_is_ready_until_it_drains_and_still_answers_then(ready: Service) -> None:
    assert ready.phase == "ready"
    ready.ensure_ready()
    ready.begin_draining()
    assert ready.phase == "draining"
    with pytest.raises(NotReadyError, match="is shutting down"):
        ready.ensure_ready()
    [result] = in_loop(lambda: ready.model().classify(["oil"], 1)).results
    assert ready.classifier.topics[result.labels[0]].code == "crude"


def test_golden_headlines_are_classified_again_once_a_second(
    ready: Service, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[float] = []
    monkeypatch.setattr(type(ready.classifier), "verify_golden", lambda _: verified.append(clock.now))
    for clock.now in (100.0, 100.5, 100.75, 101.0, 101.5, 103.0):
        ready.ensure_ready()
    assert verified == [100.0, 101.0, 103.0]


def test_failed_verification_is_tried_again_at_the_next_probe(
    ready: Service, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Any) -> None:
        raise RuntimeError("other probabilities")

    monkeypatch.setattr(type(ready.classifier), "verify_golden", fail)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="other probabilities"):
            ready.ensure_ready()


def test_encoding_and_predicting_are_timed_apart(ready: Service, clock: Clock) -> None:
    done = in_loop(lambda: ready.model().classify(["oil", "wheat"], 1))
    assert (done.encoding, done.predicting) == (pytest.approx(0.002), pytest.approx(0.004))
    assert len(done.results) == 2
