"""The requests answered in one iteration of the event loop are recorded together at its end."""

import asyncio
import io
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Counter

from app.serving.service import Service
from app.settings import load_settings
from app.telemetry.access_log import AccessLog
from app.telemetry.recorder import RequestRecorder
from app.telemetry.request_context import RequestContext
from tests.app.metrics import read


def context(route: str, status: int, seconds: float, **more: Any) -> RequestContext:
    fields = {"headlines": ["oil"], "inference_seconds": (0.0004, 0.0006)} | more
    return RequestContext("mine", "POST", route, route, status, seconds=seconds, **fields)


def test_requests_of_an_iteration_are_written_once_and_counted_at_the_scrape(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
):
    pieces: list[str] = []
    added: list[float] = []
    file = io.StringIO()
    file.write = pieces.append  # type: ignore[method-assign, assignment]
    monkeypatch.setattr(sys, "stdout", file)
    service = Service(load_settings(model=tiny_bundle))
    recorder = RequestRecorder(service.metrics, AccessLog(headlines=False))
    increase = Counter.inc
    monkeypatch.setattr(Counter, "inc", lambda self, amount=1: (added.append(amount), increase(self, amount))[1])

    async def turns() -> None:
        for _ in range(3):
            recorder.record(context("/predict", 200, 0.002))
        assert not pieces
        assert not added
        await asyncio.sleep(0)
        recorder.record(context("/predict/batch", 200, 0.004, headlines=["oil"] * 7))
        await asyncio.sleep(0)

    asyncio.run(turns())
    assert [piece.count("\n") for piece in pieces] == [3, 1]
    assert not added
    value = read(asyncio.run(service.metrics.exposition()).decode())
    assert sorted(added) == [1, 3]
    assert value("http_requests_total", route="/predict", method="POST", status=200) == 3
    assert value("http_request_duration_seconds_sum", route="/predict", method="POST", status=200) == 0.006
    assert (value("topics_batch_size_count"), value("topics_batch_size_sum")) == (4, 10)
    assert value("topics_inference_seconds_count") == 4


def test_what_was_refused_has_no_size_and_what_was_not_finished_no_time(tiny_bundle: Path):
    service = Service(load_settings(model=tiny_bundle))
    recorder = RequestRecorder(service.metrics, None)

    async def turn() -> None:
        recorder.record(context("/predict", 503, 0.001, headlines=(), inference_seconds=None))
        recorder.record(context("/predict", 504, 0.001, inference_seconds=None))
        await asyncio.sleep(0)

    asyncio.run(turn())
    value = read(asyncio.run(service.metrics.exposition()).decode())
    assert value("topics_batch_size_count") == 1
    assert value("topics_inference_seconds_count") == 0
