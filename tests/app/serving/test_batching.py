"""Micro-batching: headlines that arrive in quick succession are classified together, each with its own answer."""

import asyncio
import time
from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry, Gauge

from app.classifier import TopicClassifier, load_classifier
from app.errors import DeadlineError, OverloadedError
from app.serving.batching import PREFERRED_BATCH_SIZE, MicroBatcher, TimedBatch
from app.serving.chunks import CHUNK_CHARACTERS, CHUNK_TEXTS, CHUNK_TOPICS
from app.serving.concurrency import UNIT_CHARACTERS, InFlightLimiter
from app.serving.deadline import Deadline

LATER = Deadline(3600, time.monotonic())


@pytest.fixture(scope="module")
def classifier(tiny_bundle) -> TopicClassifier:
    return load_classifier(tiny_bundle)


def unlimited(capacity: int = 10_000) -> InFlightLimiter:
    return InFlightLimiter(capacity, Gauge("in_flight", "", registry=CollectorRegistry()))


def gathered(classifier: TopicClassifier, sizes: list[int]) -> MicroBatcher:
    def classify(texts: Sequence[str], top_k: int) -> TimedBatch:
        sizes.append(len(texts))
        return TimedBatch(classifier.classify(texts, top_k), 0.0, 0.0)

    return MicroBatcher(classify, unlimited(), lambda top_k: top_k)


async def busy(together: MicroBatcher, sizes: list[int]) -> MicroBatcher:
    """After an iteration of the loop with several requests, of which the first was answered at once."""
    await asyncio.gather(
        together.classify("gold", 1, LATER), together.classify("oil", 1, LATER), return_exceptions=True
    )
    await asyncio.sleep(0)
    sizes.clear()
    return together


def test_requests_of_one_turn_become_one_batch_with_each_its_own_answer(classifier: TopicClassifier):
    texts = ["gold falls", "oil prices rise", "unheard-of", "wheat harvest"]
    sizes: list[int] = []

    async def ask() -> list[TimedBatch]:
        together = await busy(gathered(classifier, sizes), sizes)
        return await asyncio.gather(*(together.classify(text, k, LATER) for k, text in enumerate(texts, start=1)))

    answers = asyncio.run(ask())
    assert sizes == [4]
    for k, (text, answer) in enumerate(zip(texts, answers, strict=True), start=1):
        assert answer.results == classifier.classify([text], k)


def test_request_after_a_quiet_turn_is_answered_at_once(classifier: TopicClassifier):
    async def ask() -> list[str]:
        together, happened = gathered(classifier, []), []
        for name in ("first", "second"):
            await together.classify("gold", 1, LATER)
            asyncio.get_running_loop().call_soon(happened.append, "a turn")
            happened.append(name)
            await asyncio.sleep(0)
        return happened

    assert asyncio.run(ask()) == ["first", "a turn", "second", "a turn"]


def test_first_turn_of_many_after_a_quiet_one_still_becomes_a_batch(classifier: TopicClassifier):
    sizes: list[int] = []

    async def ask() -> None:
        together = gathered(classifier, sizes)
        await together.classify("gold", 1, LATER)
        await asyncio.sleep(0)
        await asyncio.gather(*(together.classify("oil", 1, LATER) for _ in range(8)))

    asyncio.run(ask())
    assert sizes == [1, 1, 7]  # one by one, all of them would wait for the time of eight


def test_no_request_waits_for_the_next_iteration(classifier: TopicClassifier):
    sizes: list[int] = []

    async def ask() -> None:
        together = gathered(classifier, sizes)
        await together.classify("gold", 1, LATER)
        await together.classify("oil", 1, LATER)

    asyncio.run(ask())
    assert sizes == [1, 1]


def test_those_that_come_while_others_are_read_join_them(classifier: TopicClassifier):
    sizes: list[int] = []

    async def ask() -> None:
        together = await busy(gathered(classifier, sizes), sizes)
        early = [asyncio.ensure_future(together.classify("gold", 1, LATER)) for _ in range(3)]
        await asyncio.sleep(0)
        late = [asyncio.ensure_future(together.classify("oil", 1, LATER)) for _ in range(2)]
        await asyncio.gather(*early, *late)

    asyncio.run(ask())
    assert sizes == [5]


def test_steady_arrivals_do_not_delay_a_batch_beyond_its_limit(classifier: TopicClassifier):
    sizes: list[int] = []

    async def ask() -> None:
        together = await busy(gathered(classifier, sizes), sizes)
        asked = [asyncio.ensure_future(together.classify("gold", 1, LATER)) for _ in range(2)]
        while not sizes and len(asked) < 4 * PREFERRED_BATCH_SIZE:
            await asyncio.sleep(0)
            asked.append(asyncio.ensure_future(together.classify("oil", 1, LATER)))
        await asyncio.gather(*asked)

    asyncio.run(ask())
    assert PREFERRED_BATCH_SIZE <= sizes[0] <= PREFERRED_BATCH_SIZE + 2


def test_each_request_has_its_share_of_the_seconds_of_its_batch(classifier: TopicClassifier):
    def classify(texts: Sequence[str], top_k: int) -> TimedBatch:
        return TimedBatch(classifier.classify(texts, top_k), 0.004, 0.008)

    async def ask() -> list[TimedBatch]:
        together = await busy(MicroBatcher(classify, unlimited(), lambda top_k: top_k), [])
        return await asyncio.gather(*(together.classify("gold", 1, LATER) for _ in range(4)))

    assert [(one.encoding, one.predicting) for one in asyncio.run(ask())] == [(0.001, 0.002)] * 4


def test_error_is_raised_for_all_waiting_requests():
    def fail(_texts: Sequence[str], _top_k: int) -> TimedBatch:
        raise ValueError("no")

    async def ask() -> list[object]:
        together = await busy(MicroBatcher(fail, unlimited(), lambda top_k: top_k), [])
        return await asyncio.gather(*(together.classify("gold", 1, LATER) for _ in range(3)), return_exceptions=True)

    assert [str(error) for error in asyncio.run(ask())] == ["no"] * 3


def test_one_that_is_cancelled_takes_nothing_from_the_others(classifier: TopicClassifier):
    async def ask() -> TimedBatch:
        together = await busy(gathered(classifier, []), [])
        gone = asyncio.ensure_future(together.classify("oil", 1, LATER))
        stays = asyncio.ensure_future(together.classify("gold", 1, LATER))
        await asyncio.sleep(0)
        gone.cancel()
        return await stays

    assert asyncio.run(ask()).results[0].labels


LONG = "oil " * (CHUNK_CHARACTERS // 10)  # two fifths of a chunk


def test_long_texts_of_one_turn_are_classified_in_several(classifier: TopicClassifier):
    sizes: list[int] = []
    turns: list[int] = []

    async def count_turns() -> None:
        while True:
            turns.append(len(sizes))
            await asyncio.sleep(0)

    async def ask() -> list[TimedBatch]:
        together = await busy(gathered(classifier, sizes), sizes)
        counting = asyncio.create_task(count_turns())
        answers = await asyncio.gather(*(together.classify(LONG + str(n), 1, LATER) for n in range(7)))
        counting.cancel()
        return answers

    answers = asyncio.run(ask())
    assert sizes == [2, 2, 2, 1]
    assert [one.results[0].encoded.unknown for one in answers] == [[str(n)] for n in range(7)]
    assert set(turns) >= {1, 2, 3}  # other tasks ran after each


def test_short_text_does_not_wait_for_all_long_ones_before_it(classifier: TopicClassifier):
    order: list[str] = []

    def classify(texts: Sequence[str], top_k: int) -> TimedBatch:
        order.append("".join("L" if len(text) > UNIT_CHARACTERS else "s" for text in texts))
        return TimedBatch(classifier.classify(texts, top_k), 0.0, 0.0)

    async def ask() -> None:
        together = await busy(MicroBatcher(classify, unlimited(), lambda top_k: top_k), [])
        order.clear()
        long = [LONG] * 6
        await asyncio.gather(*(together.classify(text, 1, LATER) for text in [*long, "gold", "oil"]))

    asyncio.run(ask())
    assert order == ["ss", "LL", "LL", "LL"]


def test_text_of_more_than_a_unit_is_long(classifier: TopicClassifier):
    batches: list[list[int]] = []

    def classify(texts: Sequence[str], top_k: int) -> TimedBatch:
        batches.append(list(map(len, texts)))
        return TimedBatch(classifier.classify(texts, top_k), 0.0, 0.0)

    async def ask() -> None:
        together = await busy(MicroBatcher(classify, unlimited(), lambda top_k: top_k), [])
        batches.clear()
        lengths = [UNIT_CHARACTERS + 1, UNIT_CHARACTERS]
        await asyncio.gather(*(together.classify("o" * length, 1, LATER) for length in lengths))

    asyncio.run(ask())
    assert batches == [[UNIT_CHARACTERS], [UNIT_CHARACTERS + 1]]


def test_text_does_not_overtake_those_that_wait_after_a_turn_with_one_arrival(classifier: TopicClassifier):
    order: list[str] = []

    def classify(texts: Sequence[str], top_k: int) -> TimedBatch:
        order.extend(text[:4] for text in texts)
        return TimedBatch(classifier.classify(texts, top_k), 0.0, 0.0)

    async def ask() -> None:
        together = await busy(MicroBatcher(classify, unlimited(), lambda top_k: CHUNK_TOPICS), [])
        order.clear()
        asked = [asyncio.ensure_future(together.classify("gold", 1, LATER)) for _ in range(3)]
        while len(order) < 2:  # the first turn answers one, the second another, and only "oil" arrives before it
            await asyncio.sleep(0)
            if len(order) == 1 and len(asked) == 3:
                asked.append(asyncio.ensure_future(together.classify("oil", 1, LATER)))
        asked.append(asyncio.ensure_future(together.classify("wheat", 1, LATER)))
        await asyncio.gather(*asked)

    asyncio.run(ask())
    assert order == ["gold", "gold", "gold", "oil", "whea"]


def test_long_texts_do_not_wait_for_all_short_ones(classifier: TopicClassifier):
    order: list[str] = []

    def classify(texts: Sequence[str], top_k: int) -> TimedBatch:
        order.append("L" if len(texts[0]) > UNIT_CHARACTERS else "s")
        return TimedBatch(classifier.classify(texts, top_k), 0.0, 0.0)

    async def ask() -> None:
        together = await busy(MicroBatcher(classify, unlimited(), lambda top_k: top_k), [])
        order.clear()
        await asyncio.gather(*(together.classify(text, 1, LATER) for text in [*["gold"] * 250, LONG]))

    asyncio.run(ask())
    assert order == ["s", "L", "s", "s"]


def test_single_headlines_of_a_turn_beyond_a_chunk_are_classified_in_the_next(classifier: TopicClassifier):
    sizes: list[int] = []

    async def ask() -> None:
        together = await busy(gathered(classifier, sizes), sizes)
        await asyncio.gather(*(together.classify("gold", 1, LATER) for _ in range(250)))

    asyncio.run(ask())
    assert sizes == [100, 100, 50]


def test_texts_that_wait_are_counted_and_too_many_refused(classifier: TopicClassifier):
    async def ask() -> tuple[list[object], int]:
        together = await busy(gathered(classifier, []), [])
        together._limiter = work = unlimited(20)
        asked = [asyncio.ensure_future(together.classify(LONG, 1, LATER)) for _ in range(3)]  # each counts as 9
        await asyncio.sleep(0)
        held = work.in_flight
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert work.in_flight == 0
        return answers, held

    answers, held = asyncio.run(ask())
    assert held == 18
    assert [type(one) for one in answers] == [TimedBatch, TimedBatch, OverloadedError]


def test_text_of_a_cancelled_request_is_not_classified(classifier: TopicClassifier):
    sizes: list[int] = []

    async def ask() -> None:
        together = await busy(gathered(classifier, sizes), sizes)
        gone = [asyncio.ensure_future(together.classify("oil", 1, LATER)) for _ in range(3)]
        await asyncio.sleep(0)
        for one in gone:
            one.cancel()
        await asyncio.gather(*gone, together.classify("gold", 1, LATER), return_exceptions=True)
        assert together._limiter.in_flight == 0

    asyncio.run(ask())
    assert sizes == [1]


@pytest.mark.parametrize(("text", "count"), [("gold", 10 * CHUNK_TEXTS), (LONG, 20)])
def test_what_still_waits_at_its_deadline_is_refused_then_and_not_classified(
    classifier: TopicClassifier, text: str, count: int
):
    classified: list[int] = []

    def classify(texts: Sequence[str], top_k: int) -> TimedBatch:
        time.sleep(0.05)
        classified.append(len(texts))
        return TimedBatch(classifier.classify(texts, top_k), 0.0, 0.0)

    async def ask() -> list[object]:
        together = MicroBatcher(classify, unlimited(), lambda top_k: top_k)
        together._alone = False
        due = Deadline(0.07, time.monotonic())
        asked = [asyncio.ensure_future(together.classify(text, 1, due)) for _ in range(count)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        await asyncio.sleep(0.01)
        assert together._limiter.in_flight == 0
        return answers

    answers = asyncio.run(ask())
    assert 0 < sum(classified) < count
    assert {type(one) for one in answers} == {TimedBatch, DeadlineError}
    assert sum(isinstance(one, DeadlineError) for one in answers) >= count - sum(classified)


def test_results_with_many_topics_make_small_batches(classifier: TopicClassifier):
    sizes: list[int] = []

    def classify(texts: Sequence[str], top_k: int) -> TimedBatch:
        sizes.append(len(texts))
        return TimedBatch(classifier.classify(texts, top_k), 0, 0)

    async def ask() -> None:
        together = await busy(MicroBatcher(classify, unlimited(), lambda top_k: CHUNK_TOPICS // 2), sizes)
        await asyncio.gather(*(together.classify("gold", 1, LATER) for _ in range(5)))

    asyncio.run(ask())
    assert sizes == [2, 2, 1]
