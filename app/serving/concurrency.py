"""Concurrency limit on headlines in flight, and cooperative scheduling of large requests."""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import accumulate
from typing import TypeVar

from prometheus_client import Gauge
from starlette.types import Receive

from app.errors import ClientGoneError, OverloadedError
from app.serving.deadline import Deadline

CHUNK_TEXTS = 100
CHUNK_CHARACTERS = 20_000
"""A chunk of a batch ends with the one or the other: headlines take about a millisecond then, the slowest texts two or
three, and all other requests wait no longer than that."""

UNIT_CHARACTERS = 1_000
"""A text counts as one headline in flight, and as one more for each so many of its characters."""

NOTHING_REFUSED = (float("inf"), 1)

P = TypeVar("P")
T = TypeVar("T")


def weight(texts: Sequence[str]) -> int:
    """What some texts count for in flight: about what they cost in time and in memory, in headlines."""
    return len(texts) + sum(map(len, texts)) // UNIT_CHARACTERS


def chunks(texts: Sequence[str]) -> list[Sequence[str]]:
    """The texts in pieces that each take about as long; a text is never divided."""
    ends = list(accumulate(map(len, texts)))
    pieces = []
    start = characters = 0
    while start < len(texts):
        most = min(start + CHUNK_TEXTS, len(texts))
        end = max(start + 1, bisect_right(ends, characters + CHUNK_CHARACTERS, start, most))
        pieces.append(texts[start:end])
        start, characters = end, ends[end - 1]
    return pieces


class InFlightLimiter:
    """The process's share of work; see `docs/decisions/0010-bounded-work-in-flight.md`."""

    def __init__(self, capacity: int, gauge: Gauge) -> None:
        """`capacity`: most headlines, as `weight` counts them, that may be held at once; `gauge` shows how many are."""
        self.capacity = capacity
        self.in_flight = 0
        self._gauge = gauge
        self._shown = 0
        self._lock = asyncio.Lock()
        self._refused: tuple[float, int] = NOTHING_REFUSED
        """Content-Length of the request that had no room last, and what it counted for."""

    def admit(self, content_length: int) -> None:
        """Admission, decided once for each request from its headers; raises OverloadedError if there is no room.

        What the request counts for is known when its body is parsed. Until then, a body at least as long as that of
        the request refused last is assumed to count for as much: to parse it and then to refuse it would cost 0.3 ms.
        """
        length, headlines = self._refused
        self.raise_if_full(headlines if content_length >= length else 1)

    def raise_if_full(self, headlines: int = 1) -> None:
        """Raises OverloadedError at once if there is no room for some headlines.

        Enough for what never waits: while a single headline is classified nothing else runs to count it. What counts
        for more than the whole capacity has room when nothing else is in flight, or it would never have.
        """
        if self.in_flight + min(headlines, self.capacity) > self.capacity:
            raise OverloadedError(
                f"{self.in_flight:,} headlines are in flight and {self.capacity:,} may be; try again in a second."
            )

    def take(self, headlines: int) -> None:
        """Count some headlines in until `release`; raises OverloadedError at once if there is no room for them."""
        self.raise_if_full(headlines)
        self.in_flight += headlines

    def release(self, headlines: int) -> None:
        """Count them out again."""
        self.in_flight -= headlines

    def show(self) -> None:
        """Bring the gauge up to date."""
        if self.in_flight != self._shown:
            self._shown = self.in_flight
            self._gauge.set(self._shown)

    @contextmanager
    def held(self, headlines: int, content_length: int = 0) -> Iterator[None]:
        """Hold room for some headlines; raises OverloadedError at once if there is not enough.

        `content_length` of the request, for `admit`; 0 if it is unknown.
        """
        try:
            self.take(headlines)
        except OverloadedError:
            if content_length:
                self._refused = content_length, headlines
            raise
        if content_length >= self._refused[0] and headlines < self._refused[1]:
            self._refused = NOTHING_REFUSED
        self.show()
        try:
            yield
        finally:
            self.release(headlines)
            self.show()

    async def run_in_turns(self, pieces: Sequence[P], do: Callable[[P], T], receive: Receive, due: Deadline) -> list[T]:
        """Do a request's work piece by piece, one request at a time, giving way to everything else between pieces.

        Raises:
            DeadlineError: it was not done in time, waiting for its turn included.
            ClientGoneError: the client hung up; what was left of the work is not done.
        """
        hung_up = asyncio.ensure_future(receive())  # after the body the next ASGI message is http.disconnect
        try:
            async with asyncio.timeout(due.left()) as limit:
                hung_up.add_done_callback(lambda _: _end_now(limit))
                async with self._lock:
                    done: list[T] = []
                    for piece in pieces:
                        if done:
                            await asyncio.sleep(0)
                        if hung_up.done():
                            raise ClientGoneError("The client hung up.")
                        done.append(do(piece))
                due.raise_if_expired()  # nothing interrupts the last piece
                return done
        except TimeoutError:
            raise (ClientGoneError("The client hung up.") if hung_up.done() else due.error()) from None
        finally:
            hung_up.cancel()
            with suppress(asyncio.CancelledError):
                await hung_up


def _end_now(limit: asyncio.Timeout) -> None:
    """End a wait whose client has hung up: it would keep its place in the queue, and its room, until its turn came."""
    with suppress(RuntimeError):  # it has ended already
        limit.reschedule(0)
