"""Dynamic batching: single headlines that arrive at the same time are classified together."""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from app.classifier import Classification
from app.serving.concurrency import InFlightLimiter, chunks, weight


class Classified(NamedTuple):
    """Some answers, and the seconds that went into them."""

    results: list[Classification]
    encoding: float
    predicting: float


ENOUGH = 64
"""Batch size at which the batcher stops waiting; doubling it hardly lowers the cost per headline."""


class MicroBatcher:
    """Classifies together all requests that arrive within one or a few loop iterations, without a fixed delay.

    A headline alone costs several times what it costs in a batch, nearly all of it the price of calling NumPy, and of
    fetching the code of each stage of a request into the core's caches. Under load a turn of the loop brings many
    requests at once, and reading them takes long enough for more to arrive, so the service gets cheaper as it gets
    busier. After a batch of one the next headline is answered at once, and those that come with it together.
    """

    def __init__(self, classify: Callable[[Sequence[str], int], Classified], work: InFlightLimiter) -> None:
        """`classify`: texts and top_k to answers; `work` counts the texts that wait."""
        self._classify = classify
        self._work = work
        self._waiting: list[tuple[str, int, asyncio.Future[Classified]]] = []
        self._turn_is_due = False
        self._came = 0
        self._seen = 0
        """Those that had come when it was last looked."""
        self._alone = True

    async def classify(self, text: str, top_k: int) -> Classified:
        """The answer to one text; raises OverloadedError, and whatever classifying raises."""
        loop = asyncio.get_running_loop()
        if not self._turn_is_due:
            self._turn_is_due = True
            loop.call_soon(self._end_turn)  # behind all requests that are ready now
        self._came += 1
        if self._alone and self._came == 1:
            return self._classify([text], top_k)
        self._work.take(weight([text]))
        future: asyncio.Future[Classified] = loop.create_future()
        self._waiting.append((text, top_k, future))
        return await future

    def _end_turn(self) -> None:
        if self._seen < self._came and 1 < self._came < ENOUGH:  # let the loop look at its sockets once more
            self._seen = self._came
            asyncio.get_running_loop().call_soon(self._end_turn)
            return
        if self._waiting:
            self._answer(len(chunks([text for text, _, _ in self._waiting])[0]))
            self._work.show()
        self._turn_is_due = bool(self._waiting)
        if self._turn_is_due:  # the rest has its turn after everything else that is ready
            asyncio.get_running_loop().call_soon(self._end_turn)
        self._alone = self._came == 1 and not self._waiting
        self._came = self._seen = 0

    def _answer(self, count: int) -> None:
        """Classify the first of those that wait."""
        first, self._waiting = self._waiting[:count], self._waiting[count:]
        self._work.release(sum([weight([text]) for text, _, _ in first]))
        wanted = [one for one in first if not one[2].done()]  # a client that hung up has cancelled its own
        if not wanted:
            return
        try:
            done = self._classify([text for text, _, _ in wanted], max(top_k for _, top_k, _ in wanted))
        except Exception as error:  # each request tells its own client
            for _, _, future in wanted:
                future.set_exception(error)
            return
        for (_, top_k, future), one in zip(wanted, done.results, strict=True):
            future.set_result(done._replace(results=[_first(one, top_k)]))


def _first(one: Classification, top_k: int) -> Classification:
    if len(one.labels) <= top_k:
        return one
    return one._replace(labels=one.labels[:top_k], probabilities=one.probabilities[:top_k])
