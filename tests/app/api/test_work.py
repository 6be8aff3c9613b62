"""Overload is refused at once, batches give way, and work that nobody waits for stops."""

import asyncio
import itertools
import time
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Gauge

from app.api.deadline import Deadline
from app.api.errors import ClientGoneError, DeadlineError, OverloadedError
from app.api.work import CHUNK, Work
from tests.app.conftest import Start


@pytest.fixture
def work() -> Work:
    return Work(1000, Gauge("in_flight", "", registry=CollectorRegistry()))


async def never() -> Any:
    await asyncio.Event().wait()


ITEMS = ["x"] * (10 * CHUNK)


def test_what_cannot_be_held_is_refused_at_once(work: Work):
    with work.held(600):
        with pytest.raises(OverloadedError, match="600 headlines are in flight and 1,000 may be"), work.held(401):
            pass
        with work.held(400):
            assert work.in_flight == 1000
            with pytest.raises(OverloadedError):
                work.check_room(1)
    assert work.in_flight == 0


def test_room_is_given_back_after_an_error(work: Work):
    with pytest.raises(ZeroDivisionError), work.held(1000):
        1 / 0  # noqa: B018
    work.check_room(1000)


def test_batch_gives_way_after_every_chunk(work: Work):
    turns = 0

    async def others():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def main():
        other = asyncio.create_task(others())
        seen = await work.in_turns(ITEMS, lambda chunk: (len(chunk), turns), never, Deadline(10))
        other.cancel()
        return seen

    seen = asyncio.run(main())
    assert [size for size, _ in seen] == [CHUNK] * 10
    assert all(after > before for (_, before), (_, after) in itertools.pairwise(seen))


def test_batches_take_turns_one_at_a_time(work: Work):
    order = []

    async def main():
        await asyncio.gather(
            *(work.in_turns(ITEMS, lambda _, name=name: order.append(name), never, Deadline(10)) for name in "ab")
        )

    asyncio.run(main())
    assert "".join(order) == "a" * 10 + "b" * 10


def test_work_stops_when_the_client_hangs_up(work: Work):
    chunks = []
    hung_up = None

    async def receive() -> Any:
        await hung_up.wait()
        return {"type": "http.disconnect"}

    def do(chunk):
        chunks.append(chunk)
        if len(chunks) == 3:
            hung_up.set()

    async def main():
        nonlocal hung_up
        hung_up = asyncio.Event()
        await work.in_turns(ITEMS, do, receive, Deadline(10))

    with pytest.raises(ClientGoneError):
        asyncio.run(main())
    assert 3 <= len(chunks) <= 5  # the news needs a turn or two of the loop


def test_batch_whose_deadline_passes_in_the_queue_is_not_begun(work: Work):
    async def main():
        async with work._lane:
            await work.in_turns(ITEMS, lambda _: pytest.fail("begun"), never, Deadline(0.02))

    with pytest.raises(DeadlineError):
        asyncio.run(main())
    assert not work._lane.locked()


def test_deadline_passes_between_chunks(work: Work):
    async def main():
        await work.in_turns(ITEMS, lambda _: time.sleep(0.02), never, Deadline(0.05))

    with pytest.raises(DeadlineError):
        asyncio.run(main())
    assert not work._lane.locked()


def test_full_service_refuses_with_503_but_answers_probes_and_metrics(start: Start):
    client = start(max_batch=10, max_in_flight=10)
    with client.app.state.service.work.held(10):
        for path, body in (("/predict", {"headline": "oil"}), ("/predict/batch", {"headlines": ["oil"]})):
            reply = client.post(path, json=body)
            assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
            assert reply.json()["title"] == "The service is full"
        assert [client.get(f"/{path}").status_code for path in ("health", "health/live", "metrics", "topics")] == [
            200
        ] * 4
    assert client.post("/predict", json={"headline": "oil"}).status_code == 200


def test_batch_counts_its_headlines_not_itself(start: Start):
    client = start(max_batch=10, max_in_flight=10)
    with client.app.state.service.work.held(4):
        sizes = [client.post("/predict/batch", json={"headlines": ["oil"] * size}).status_code for size in (6, 7)]
    assert sizes == [200, 503]


def test_full_service_refuses_before_it_reads_the_body(start: Start):
    client = start(max_batch=10, max_in_flight=10)
    with client.app.state.service.work.held(10):
        for path in ("/predict", "/predict/batch", "/v2/models/tiny/infer"):
            assert client.post(path, content=b"not json").status_code == 503
