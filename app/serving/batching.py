"""Dynamic batching: single headlines that arrive at the same time are classified together."""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from app.classifier import Classification
from app.serving.chunks import CHUNK_TEXTS, chunks
from app.serving.concurrency import UNIT_CHARACTERS, InFlightLimiter, weight
from app.serving.deadline import Deadline

Waiting = tuple[str, int, asyncio.Future["TimedBatch"]]
"""A text, its top_k, and the future of its result."""


class TimedBatch(NamedTuple):
    """Classifications of a batch, and the seconds of encoding and prediction."""

    results: list[Classification]
    encoding: float
    predicting: float


PREFERRED_BATCH_SIZE = 64
"""Batch size at which the batcher stops waiting; doubling it hardly lowers the cost per headline."""


class MicroBatcher:
    """Classifies together all requests that arrive within one or a few loop iterations, without a fixed delay.

    A single headline costs several times as much as one in a batch, mostly because of the fixed cost of NumPy calls and
    of loading the code of each stage into the CPU caches. Under load an iteration of the loop brings many requests, and
    reading them takes long enough for more to arrive, so the cost per headline falls with the load. After a batch of
    one, the next headline is answered at once, and those that arrive with it form a batch.
    """

    def __init__(
        self,
        classify: Callable[[Sequence[str], int], TimedBatch],
        limiter: InFlightLimiter,
        max_topics: Callable[[int], int],
    ) -> None:
        """Start with an empty queue.

        Args:
            classify: takes texts and top_k, returns their classifications.
            limiter: counts the waiting texts.
            max_topics: takes top_k, returns the maximum number of topics in the result of a text.
        """
        self._classify = classify
        self._limiter = limiter
        self._max_topics = max_topics
        self._short: list[Waiting] = []
        self._long: list[Waiting] = []
        """Texts of more than UNIT_CHARACTERS characters; each turn classifies one chunk of each queue.

        In one queue, short texts would wait for every long one before them, at up to ten milliseconds each.
        """
        self._turn_is_due = False
        """Whether `_end_turn` will be called."""
        self._arrived = 0
        """Number of texts that have arrived since the last turn ended."""
        self._arrived_before = 0
        """Number of them at the previous check."""
        self._alone = True
        """Whether the last turn had only one text, so that the next text is classified at once."""

    async def classify(self, text: str, top_k: int, due: Deadline) -> TimedBatch:
        """Classify one text.

        Raises:
            OverloadedError: too many headlines are in flight.
            DeadlineError: the text was still waiting at the deadline, and is not classified. The first CHUNK_TEXTS
                short texts wait without a timer, so callers check the deadline afterwards.
            Exception: any of the classifier.
        """
        loop = asyncio.get_running_loop()
        if not self._turn_is_due:
            self._turn_is_due = True
            loop.call_soon(self._end_turn)  # after all requests that are ready now
        self._arrived += 1
        if self._alone and self._arrived == 1:
            return self._classify([text], top_k)
        self._limiter.acquire(weight([text]))
        future: asyncio.Future[TimedBatch] = loop.create_future()
        long = len(text) > UNIT_CHARACTERS
        queue = self._long if long else self._short
        queue.append((text, top_k, future))
        if not (long or len(queue) > CHUNK_TEXTS):  # at most CHUNK_TEXTS turns of milliseconds; a timer costs 5 us
            return await future
        try:
            async with asyncio.timeout(due.left()):
                return await future
        except TimeoutError:
            raise due.error() from None

    def _end_turn(self) -> None:
        if self._arrived_before < self._arrived and 1 < self._arrived < PREFERRED_BATCH_SIZE:
            self._arrived_before = self._arrived
            asyncio.get_running_loop().call_soon(self._end_turn)  # lets the loop poll its sockets again
            return
        if self._short or self._long:
            self._answer(self._short)
            self._answer(self._long)
            self._limiter.update_gauge()
        self._turn_is_due = bool(self._short or self._long)
        if self._turn_is_due:  # the rest is classified after all other ready callbacks
            asyncio.get_running_loop().call_soon(self._end_turn)
        self._alone = self._arrived == 1 and not self._turn_is_due
        self._arrived = self._arrived_before = 0

    def _answer(self, queue: list[Waiting]) -> None:
        """Classify the first chunk of a queue."""
        if not queue:
            return
        texts, top_ks, _ = zip(*queue[:CHUNK_TEXTS], strict=True)
        count = len(chunks(texts, self._max_topics(max(top_ks)))[0])
        first = queue[:count]
        del queue[:count]
        self._limiter.release(sum([weight([text]) for text, _, _ in first]))
        # The future of a client that disconnected, or whose deadline has passed, has been cancelled.
        wanted = [(text, top_k, future) for text, top_k, future in first if not future.done()]
        if not wanted:
            return
        try:
            done = self._classify([text for text, _, _ in wanted], max(top_k for _, top_k, _ in wanted))
        except Exception as error:  # each request reports the error to its own client
            for _, _, future in wanted:
                future.set_exception(error)
            return
        encoding, predicting = done.encoding / len(wanted), done.predicting / len(wanted)  # each request's share
        for (_, top_k, future), result in zip(wanted, done.results, strict=True):
            future.set_result(TimedBatch([_first(result, top_k)], encoding, predicting))


def _first(result: Classification, top_k: int) -> Classification:
    if len(result.labels) <= top_k:
        return result
    return result._replace(labels=result.labels[:top_k], probabilities=result.probabilities[:top_k])
