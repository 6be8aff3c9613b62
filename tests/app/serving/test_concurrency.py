"""Overload is refused at once, batches yield to other requests, and abandoned work stops."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Gauge

from app.errors import ClientGoneError, DeadlineError, OverloadedError
from app.serving.concurrency import UNIT_CHARACTERS, InFlightLimiter, weight
from app.serving.deadline import Deadline
from tests.app.conftest import Start


@pytest.fixture
def work() -> InFlightLimiter:
    return InFlightLimiter(1000, Gauge("in_flight", "", registry=CollectorRegistry()))


async def never() -> Any:
    await asyncio.Event().wait()


def within(seconds: float) -> Deadline:
    return Deadline(seconds, time.monotonic())


PIECES = list(range(10))


@asynccontextmanager
async def iterations() -> AsyncIterator[Callable[[], int]]:
    """Yields a function that returns how many iterations of the event loop there have been."""
    counted = 0

    async def count() -> None:
        nonlocal counted
        while True:
            counted += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    yield lambda: counted
    counting.cancel()


def test_what_cannot_be_held_is_refused_at_once(work: InFlightLimiter):
    with work.held(600):
        with pytest.raises(OverloadedError, match="headlines in flight above 1,000, "), work.held(401):
            pass
        with work.held(400):
            assert work.in_flight == 1000
            with pytest.raises(OverloadedError):
                work.raise_if_full(1)
    assert work.in_flight == 0


def test_capacity_is_released_after_an_error(work: InFlightLimiter):
    with pytest.raises(ZeroDivisionError), work.held(1000):
        1 / 0  # noqa: B018
    work.raise_if_full(1000)


def test_request_is_refused_by_its_length_where_one_no_longer_had_no_room(work: InFlightLimiter):
    with work.held(600):
        work.admit_batch(20_000)
        with pytest.raises(OverloadedError), work.held(500, 20_000):
            pass
        for length in (20_000, 8_000_000):
            with pytest.raises(OverloadedError, match="headlines in flight above"):
                work.admit_batch(length)
        for length in (0, 60, 19_999):
            work.admit_batch(length)
        work.admit(8_000_000)  # one headline is not taken for a batch
    work.admit_batch(20_000)


def test_weight_of_a_refused_batch_is_forgotten_after_a_second(work: InFlightLimiter, monkeypatch: pytest.MonkeyPatch):
    with work.held(600):
        with pytest.raises(OverloadedError), work.held(500, 20_000):
            pass
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now + 1)
        work.admit_batch(20_000)


def test_request_of_that_length_that_counts_for_less_is_what_is_expected_next(work: InFlightLimiter):
    with work.held(600), pytest.raises(OverloadedError), work.held(500, 20_000):
        pass
    with work.held(10, 20_000), work.held(600):
        work.admit_batch(20_000)


def test_request_that_has_room_for_nothing_is_refused_whatever_its_length(work: InFlightLimiter):
    with work.held(1000):
        for length in (0, 60, 20_000):
            with pytest.raises(OverloadedError):
                work.admit(length)
            with pytest.raises(OverloadedError):
                work.admit_batch(length)


def test_work_yields_after_every_piece(work: InFlightLimiter):
    async def main() -> list[tuple[int, int]]:
        async with iterations() as iteration:
            return await work.run_in_turns(PIECES, lambda piece: (piece, iteration()), never, within(10))

    seen = asyncio.run(main())
    assert [piece for piece, _ in seen] == PIECES
    assert all(after > before for (_, before), (_, after) in itertools.pairwise(seen))


def test_long_text_counts_as_several_headlines():
    assert weight(["oil"] * 7) == 7
    assert weight(["x" * (UNIT_CHARACTERS - 1)]) == 1
    assert weight(["x" * 20 * UNIT_CHARACTERS, "oil"]) == 22


def test_what_counts_for_more_than_the_capacity_is_taken_when_nothing_else_is_in_flight(work: InFlightLimiter):
    with work.held(5000):
        assert work.in_flight == 5000
        with pytest.raises(OverloadedError):
            work.acquire(1)
    with work.held(1), pytest.raises(OverloadedError), work.held(5000):
        pass
    assert work.in_flight == 0


def test_gauge_shows_what_is_held(work: InFlightLimiter):
    assert gauge(work) == 0
    with work.held(600):
        work.acquire(3)
        assert gauge(work) == 600
        work.update_gauge()
        assert gauge(work) == 603
        work.release(3)
    assert gauge(work) == 0


def gauge(work: InFlightLimiter) -> float:
    [metric] = work._gauge.collect()
    return metric.samples[0].value


def test_short_requests_that_arrive_together_are_all_counted_before_one_is_processed(work: InFlightLimiter):
    async def ask() -> list[int]:
        with work.held(400):
            return await work.run_in_turns([1], lambda _: work.in_flight, never, within(10))

    async def main() -> list[Any]:
        return await asyncio.gather(ask(), ask(), ask(), return_exceptions=True)

    first, second, third = asyncio.run(main())
    assert (first, second) == ([800], [400])
    assert isinstance(third, OverloadedError)


@pytest.mark.parametrize(("long", "different"), [(False, 1), (True, 3)])
def test_single_pieces_of_several_requests_yield_between_them_only_if_they_are_long(
    work: InFlightLimiter, long: bool, different: int
):
    async def main() -> list[list[int]]:
        async with iterations() as iteration:
            ask = [work.run_in_turns([1], lambda _: iteration(), never, within(10), long=long) for _ in range(3)]
            return await asyncio.gather(*ask)

    seen = asyncio.run(main())
    assert len({at for [at] in seen}) == different


@pytest.mark.parametrize(
    ("path", "body", "long"),
    [
        ("/predict/batch", {"headlines": ["oil"] * 100}, [False]),
        ("/predict/batch", {"headlines": ["oil " * 2000] * 2}, [True]),
        ("/predict/batch", {"headlines": ["oil " * 2000] * 3}, [False]),  # several pieces yield in any case
        ("/predict", {"headline": "oil " * 200, "explain": True}, [False, False]),
        ("/predict", {"headline": "o" * 1001, "explain": True}, [True, False]),
    ],
)
def test_what_takes_milliseconds_waits_for_its_turn(
    start: Start, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, Any], long: list[bool]
):
    seen: list[bool] = []
    run_in_turns = InFlightLimiter.run_in_turns

    async def recorded(*given: Any, long: bool = False) -> list[Any]:
        seen.append(long)
        return await run_in_turns(*given, long=long)

    monkeypatch.setattr(InFlightLimiter, "run_in_turns", recorded)
    assert start().post(path, json=body).status_code == 200
    assert seen == long


def test_batches_take_turns_one_at_a_time(work: InFlightLimiter):
    order = []

    async def main():
        await asyncio.gather(
            *(work.run_in_turns(PIECES, lambda _, name=name: order.append(name), never, within(10)) for name in "ab")
        )

    asyncio.run(main())
    assert "".join(order) == "a" * 10 + "b" * 10


def test_work_stops_when_the_client_hangs_up(work: InFlightLimiter):
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
        await work.run_in_turns(PIECES, do, receive, within(10))

    with pytest.raises(ClientGoneError):
        asyncio.run(main())
    assert 3 <= len(chunks) <= 5  # the disconnect is noticed after an iteration or two of the loop


def test_client_that_hangs_up_in_the_queue_frees_its_room_at_once(work: InFlightLimiter):
    async def gone() -> Any:
        await asyncio.sleep(0)
        return {"type": "http.disconnect"}

    async def main():
        async with work._lock:  # another batch is being classified
            with pytest.raises(ClientGoneError), work.held(1000):
                await work.run_in_turns(PIECES, lambda _: pytest.fail("begun"), gone, within(10))
            assert work.in_flight == 0
            assert work._lock.locked()
        await work.run_in_turns(PIECES, lambda _: None, never, within(10))

    asyncio.run(main())


def test_client_that_hangs_up_behind_its_last_piece_is_no_error(work: InFlightLimiter):
    errors = []
    hung_up = None

    async def receive() -> Any:
        await hung_up.wait()
        return {"type": "http.disconnect"}

    async def main():
        nonlocal hung_up
        hung_up = asyncio.Event()
        asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
        await work.run_in_turns([1], lambda _: hung_up.set(), receive, within(10))
        for _ in range(5):
            await asyncio.sleep(0)

    asyncio.run(main())
    assert errors == []


def test_batch_whose_deadline_passes_in_the_queue_is_not_begun(work: InFlightLimiter):
    async def main():
        async with work._lock:
            await work.run_in_turns(PIECES, lambda _: pytest.fail("begun"), never, within(0.02))

    with pytest.raises(DeadlineError):
        asyncio.run(main())
    assert not work._lock.locked()


def test_deadline_passes_between_chunks(work: InFlightLimiter):
    async def main():
        await work.run_in_turns(PIECES, lambda _: time.sleep(0.02), never, within(0.05))

    with pytest.raises(DeadlineError):
        asyncio.run(main())
    assert not work._lock.locked()


def test_full_service_refuses_with_503_but_answers_probes_and_metrics(start: Start):
    client = start(max_batch=10, max_in_flight=10)
    with client.app.state.service.limiter.held(10):
        for path, body in (("/predict", {"headline": "oil"}), ("/predict/batch", {"headlines": ["oil"]})):
            reply = client.post(path, json=body)
            assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
            assert reply.json()["title"] == "Service overloaded"
        assert [client.get(f"/{path}").status_code for path in ("health", "health/live", "metrics", "topics")] == [
            200
        ] * 4
    assert client.post("/predict", json={"headline": "oil"}).status_code == 200


def test_batch_counts_its_headlines_not_itself(start: Start):
    client = start(max_batch=10, max_in_flight=10)
    with client.app.state.service.limiter.held(4):
        sizes = [client.post("/predict/batch", json={"headlines": ["oil"] * size}).status_code for size in (6, 7)]
    assert sizes == [200, 503]


def test_full_service_refuses_before_it_reads_the_body(start: Start):
    client = start(max_batch=10, max_in_flight=10)
    with client.app.state.service.limiter.held(10):
        for path in ("/predict", "/predict/batch", "/v2/models/tiny/infer"):
            assert client.post(path, content=b"not json").status_code == 503


def test_long_texts_of_a_batch_count_as_what_they_hold(start: Start):
    client = start(max_batch=100, max_in_flight=100)
    batch = {"headlines": ["oil " * 2500] * 5}  # 10,000 characters each
    with client.app.state.service.limiter.held(45):
        assert client.post("/predict/batch", json=batch).status_code == 200
    with client.app.state.service.limiter.held(46):
        assert client.post("/predict/batch", json=batch).status_code == 503
    assert client.app.state.service.limiter.in_flight == 0


def test_explanation_counts_as_a_headline_a_word(start: Start):
    client = start(max_batch=100, max_in_flight=100)
    query = {"headline": "oil " * 50, "explain": True}
    with client.app.state.service.limiter.held(50):
        assert client.post("/predict", json=query).status_code == 200
    with client.app.state.service.limiter.held(51):
        assert client.post("/predict", json=query).status_code == 503
        assert client.post("/predict", json={"headline": "oil " * 50}).status_code == 200
    assert client.app.state.service.limiter.in_flight == 0


def test_text_to_explain_counts_by_its_length_while_its_words_are_located(start: Start):
    client = start(max_batch=100, max_in_flight=100)
    query = {"headline": "o" * 10_000, "explain": True}  # one word, which counts as 11
    with client.app.state.service.limiter.held(89):
        assert client.post("/predict", json=query).status_code == 200
    with client.app.state.service.limiter.held(90):
        assert client.post("/predict", json=query).status_code == 503
    assert client.app.state.service.limiter.in_flight == 0
