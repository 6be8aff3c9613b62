"""Batches and iterators: order, bounds, and headlines that cannot be answered."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any

import httpx2
import pytest
from topics_client import (
    Answer,
    DeadlineError,
    InvalidRequestError,
    InvalidResponseError,
    Refused,
    TooLargeError,
    UnauthorizedError,
)
from topics_client.batches import split
from topics_client.results import OnError

from tests.client.mock_service import (
    ANSWER,
    MODEL,
    Counting,
    aclient,
    client,
    served,
    shown,
)

MIXED: list[Any] = ["gold", "", "oil", None, "x" * 30, "wheat", float("nan"), "a\ud800", "corn", b"silver"]
SKIPPED = [
    "gold",
    (1, "is empty"),
    "oil",
    (3, "must be a str, not NoneType"),
    (4, "too long"),
    "wheat",
    (6, "must be a str, not float"),
    (7, "has half of a surrogate pair at character 1, which no UTF-8 text has"),
    "corn",
    (9, "must be a str, not bytes"),
]


def test_skip_puts_a_refused_with_index_and_reason_at_its_place() -> None:
    assert shown(client().predict_batch(MIXED, on_error="skip")) == SKIPPED


def test_skip_is_the_same_for_the_awaited_client() -> None:
    assert shown(asyncio.run(aclient().predict_batch(MIXED, on_error="skip"))) == SKIPPED


def test_one_empty_text_costs_nothing_of_5000() -> None:
    texts = ["gold"] * 5000
    texts[2345] = ""
    results = client().predict_batch(texts, on_error="skip")
    assert [index for index, one in enumerate(results) if isinstance(one, Refused)] == [2345]
    assert len(results) == 5000


def test_batch_of_only_refused_texts_sends_no_request() -> None:
    counting = Counting()
    assert shown(client(counting).predict_batch(["", None], on_error="skip")) == [
        (0, "is empty"),
        (1, "must be a str, not NoneType"),
    ]
    assert counting.requests == 0


@pytest.mark.parametrize("wrong", [range(0), range(0, 1000, 50), range(1000), [999], [0], range(500, 1000)])
def test_skip_sends_each_text_a_few_times_however_many_are_refused(wrong: Iterable[int]) -> None:
    wrong = set(wrong)
    texts = ["x" * 30 if place in wrong else f"text {place}" for place in range(1000)]
    counting = Counting()
    results = client(counting).predict_batch(texts, on_error="skip")
    assert [place for place, one in enumerate(results) if isinstance(one, Refused)] == sorted(wrong)
    assert shown([one for one in results if isinstance(one, Answer)]) == [
        text for place, text in enumerate(texts) if place not in wrong
    ]
    assert counting.texts <= 10 * len(texts)
    assert counting.requests <= 4 * len(wrong) + 20


@pytest.mark.parametrize(
    ("texts", "sizes"),
    [
        (["", "a", "b", "c", "d", "e"], [6, 3, 2]),
        (["", "a", "b"], [3, 1, 1]),
        (["a", "b", "c", "", "d"], [5, 3, 2, 1]),
        (["a"] * 300, [300, 150, 75, 75, 75, 75]),
    ],
)
def test_request_after_a_refusal_is_half_as_large_and_grows_again(texts: list[str], sizes: list[int]) -> None:
    sent: list[int] = []

    def record(request: httpx2.Request) -> httpx2.Response:
        sent.append(len(json.loads(request.content)["headlines"]))
        return served(request)

    # The client accepts a space as a text; the mock service refuses it as empty.
    def refuse_spaces(request: httpx2.Request) -> httpx2.Response:
        content = request.content.replace(b'" "', b'""')
        return record(httpx2.Request("POST", request.url, content=content))

    client(refuse_spaces).predict_batch([text or " " for text in texts], on_error="skip")
    assert sent == sizes


def test_raise_names_the_headline_by_its_place_in_the_whole_batch() -> None:
    with pytest.raises(InvalidRequestError, match=r"headlines\.2345: wrong") as caught:
        client().predict_batch(["gold"] * 2345 + ["x" * 30])
    assert caught.value.problem.errors == (("headlines.2345", "too long"),)


@pytest.mark.parametrize("skip", ["raise", "skip"])
def test_wrong_top_k_is_raised_and_no_reason_to_skip(skip: Any) -> None:
    def refuse(_: httpx2.Request) -> httpx2.Response:
        wrong = [{"field": "top_k", "message": "too large"}]
        return httpx2.Response(422, json={"status": 422, "title": "x", "detail": "top_k: large", "errors": wrong})

    with pytest.raises(InvalidRequestError, match="top_k"):
        client(refuse).predict_batch(["gold"] * 5, on_error=skip)


def test_number_that_python_cannot_convert_names_no_headline() -> None:
    def refuse(_: httpx2.Request) -> httpx2.Response:
        wrong = [{"field": f"headlines.{'9' * 5000}", "message": "too odd"}]
        return httpx2.Response(422, json={"status": 422, "title": "x", "detail": "no", "errors": wrong})

    with pytest.raises(InvalidRequestError):
        client(refuse).predict_batch(["gold"], on_error="skip")


def test_text_too_large_alone_is_skipped_or_raised() -> None:
    def refuse(request: httpx2.Request) -> httpx2.Response:
        if len(request.content) > 1000:
            return httpx2.Response(413, json={"status": 413, "title": "x", "detail": "too large"})
        return served(request)

    texts = ["gold", "x" * 2000, "oil"]
    assert shown(client(refuse).predict_batch(texts, on_error="skip")) == ["gold", (1, "too large"), "oil"]
    with pytest.raises(TooLargeError):
        client(refuse).predict_batch(texts)


@pytest.mark.parametrize("skip", ["skip", "raise"])
def test_batch_that_arrives_too_slowly_is_sent_in_smaller_requests(skip: OnError) -> None:
    sizes: list[int] = []

    def slow(request: httpx2.Request) -> httpx2.Response:
        sizes.append(len(json.loads(request.content)["headlines"]))
        if sizes[-1] > 3:
            return httpx2.Response(408, json={"status": 408, "title": "x", "detail": "too slow"})
        return served(request)

    texts = [str(number) for number in range(10)]
    assert shown(client(slow).predict_batch(texts, on_error=skip)) == texts
    assert sizes == [10, 5, 3, 3, 3, 1]


@pytest.mark.parametrize("skip", ["skip", "raise"])
def test_single_text_that_arrives_too_slowly_ends_the_batch(skip: OnError) -> None:
    slow = httpx2.Response(408, json={"status": 408, "title": "x", "detail": "too slow"})
    with pytest.raises(DeadlineError, match="too slow"):
        client(lambda _: slow).predict_batch(["gold", "oil"], on_error=skip)


def test_results_that_are_too_few_are_an_invalid_response() -> None:
    short = {"results": [ANSWER], "model": MODEL}
    with pytest.raises(InvalidResponseError, match="1 results for 2 headlines"):
        client(lambda _: httpx2.Response(200, json=short)).predict_batch(["gold", "oil"])


def test_iterator_takes_no_more_than_a_request_ahead() -> None:
    taken: list[int] = []
    texts = (str(taken.append(number) or number) for number in itertools.count())
    answers = client().predict_iter(texts, batch_size=10)
    assert taken == []
    assert shown([next(answers) for _ in range(11)]) == [str(number) for number in range(11)]
    assert len(taken) == 20


def test_iterator_gives_the_batches_answers_and_skips() -> None:
    assert shown(list(client().predict_iter(MIXED, on_error="skip", batch_size=3))) == SKIPPED


def test_awaited_iterator_keeps_the_order_and_its_bounds() -> None:
    taken: list[int] = []
    counting = Counting()

    async def ask() -> list[Any]:
        texts = (str(taken.append(number) or number) for number in itertools.count())
        found = []
        async for one in aclient(counting.awaited, concurrency=3).predict_iter(texts, batch_size=10):
            found.append(one)
            if len(found) == 45:
                break
        return found

    assert shown(asyncio.run(ask())) == [str(number) for number in range(45)]
    assert len(taken) == 70, "more than one round ahead: 10, 30, 30"
    assert counting.most_at_once == 3


def test_awaited_iterator_over_a_stream_answers_the_rest_and_skips() -> None:
    async def ask() -> list[Any]:
        async def stream() -> Any:
            for text in MIXED:
                yield text

        return [one async for one in aclient().predict_iter(stream(), batch_size=4, on_error="skip")]

    assert shown(asyncio.run(ask())) == SKIPPED


def test_awaited_iterator_over_a_stream_answers_before_its_next_part_comes() -> None:
    async def ask() -> list[str]:
        order: list[str] = []

        async def stream() -> Any:
            for text in ("gold", "oil", "wheat"):
                order.append(f"given {text}")
                yield text

        async for one in aclient().predict_iter(stream(), batch_size=1):
            order += [f"answered {one.words.unknown[0]}"]
        return order

    assert asyncio.run(ask()) == [
        f"{what} {text}" for text in ("gold", "oil", "wheat") for what in ("given", "answered")
    ]


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"batch_size": 1.5}, {"on_error": "ignore"}, {"top_k": "5"}])
def test_iterators_check_their_arguments_at_once(wrong: dict[str, Any]) -> None:
    for one in (client(), aclient()):
        with pytest.raises((TypeError, ValueError), match=next(iter(wrong))):
            one.predict_iter(["gold"], **wrong)


def test_awaited_batch_of_more_parts_than_concurrency_ends_in_order_and_within_bounds() -> None:
    counting = Counting()

    async def ask() -> list[Any]:
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(aclient(counting.awaited, concurrency=2).predict_batch(texts), 30)
        pytest.fail("it hangs: room is not given back")

    texts = [str(number) for number in range(9_500)]
    assert shown(asyncio.run(ask())) == texts
    assert counting.most_at_once == 2


@pytest.mark.parametrize("at_fault", ["service", "caller"])
def test_awaited_batch_that_fails_waits_for_no_other_part(at_fault: str) -> None:
    async def answer(request: httpx2.Request) -> httpx2.Response:
        if b"bad" in request.content:
            return httpx2.Response(401, json={"status": 401, "title": "x", "detail": "y"})
        await asyncio.Event().wait()  # never answered
        raise AssertionError

    def texts() -> Iterator[str]:
        yield from ["gold"] * 1000
        if at_fault == "caller":
            raise KeyError("mine")
        yield from ["bad"] * 1000

    async def ask() -> None:
        await asyncio.wait_for(aclient(answer, concurrency=2, timeout=60).predict_batch(texts()), 20)

    with pytest.raises(UnauthorizedError if at_fault == "service" else KeyError):
        asyncio.run(ask())


def test_error_of_the_callers_generator_is_raised_bare() -> None:
    def texts() -> Iterator[str]:
        yield from ["gold"] * 1500
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        asyncio.run(aclient().predict_batch(texts()))
    with pytest.raises(KeyError, match="mine"):
        client().predict_batch(texts())


def test_error_of_the_callers_generator_ends_the_requests_in_flight() -> None:
    def texts() -> Iterator[str]:
        yield from ["gold"] * 1000
        raise KeyError("mine")

    async def ask() -> None:
        async def hang(_: httpx2.Request) -> httpx2.Response:
            return await asyncio.Event().wait()  # type: ignore[return-value]

        with pytest.raises(KeyError, match="mine"):
            await asyncio.wait_for(aclient(hang).predict_batch(texts()), 30)

    asyncio.run(ask())


def test_failed_part_ends_the_requests_in_flight() -> None:
    async def ask() -> None:
        async def fail_one(request: httpx2.Request) -> httpx2.Response:
            if len(json.loads(request.content)["headlines"]) == 1:
                return httpx2.Response(401, json={"status": 401, "title": "Valid API key required", "detail": "none"})
            return await asyncio.Event().wait()  # type: ignore[return-value]

        with pytest.raises(UnauthorizedError):
            await asyncio.wait_for(aclient(fail_one).predict_batch(["gold"] * 1001), 30)

    asyncio.run(ask())


def test_cut_raises_for_what_is_no_text_unless_it_skips() -> None:
    with pytest.raises(TypeError, match=r"headlines\[1\]"):
        list(split(["gold", None]))
    assert [one.fault for part in split(["gold", None, ""], skip=True) for one in part] == [
        None,
        "must be a str, not NoneType",
        "is empty",
    ]


def test_cancelled_batch_leaves_a_client_that_answers() -> None:
    async def ask() -> None:
        blocked = asyncio.Event()

        async def hang(request: httpx2.Request) -> httpx2.Response:
            if len(json.loads(request.content).get("headlines", ())) == 7:
                blocked.set()
                await asyncio.Event().wait()
            return served(request)

        one = aclient(hang)
        task = asyncio.create_task(one.predict_batch(["gold"] * 7))
        await blocked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(await one.predict_batch(["gold"] * 5)) == 5

    asyncio.run(ask())
