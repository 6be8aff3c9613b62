"""Concurrency limit on headlines in flight, and cooperative scheduling of large requests."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TypeVar

from prometheus_client import Gauge
from starlette.types import Receive

from app.errors import ClientGoneError, OverloadedError
from app.serving.deadline import Deadline

UNIT_CHARACTERS = 1_000
"""A text counts as one headline in flight, plus one for each UNIT_CHARACTERS characters."""

REMEMBERED_SECONDS = 1.0
"""After a batch is refused, a body at least as long is assumed for this time to have the same weight; equal to
`Retry-After`."""

NOTHING_REFUSED = (float("inf"), 1, 0.0)
"""No body is as long as this Content-Length."""

P = TypeVar("P")
T = TypeVar("T")


def weight(texts: Sequence[str]) -> int:
    """Number of headlines in flight for which texts count, about proportional to their cost in time and memory."""
    return len(texts) + sum(map(len, texts)) // UNIT_CHARACTERS


class InFlightLimiter:
    """Limits the headlines in flight in a process; see `docs/decisions/0010-bounded-work-in-flight.md`."""

    def __init__(self, capacity: int, gauge: Gauge) -> None:
        """`capacity`: maximum number of headlines in flight, as counted by `weight`; `gauge`: its metric."""
        self.capacity = capacity
        self.in_flight = 0
        self._gauge = gauge
        self._gauge_value = 0
        self._lock = asyncio.Lock()
        self._refused: tuple[float, int, float] = NOTHING_REFUSED
        """Of the last refused batch: its Content-Length, its weight, and the time of the refusal."""

    def admit(self, _content_length: int) -> None:
        """Admission control from the headers of a request for one headline; raises OverloadedError at capacity."""
        self.raise_if_full()

    def admit_batch(self, content_length: int) -> None:
        """Admission control from the headers of a batch; raises OverloadedError at capacity.

        The weight of a batch is known only after its body is parsed. Until then, a body at least as long as that of a
        batch that was refused within REMEMBERED_SECONDS is assumed to have the same weight, because parsing and then
        refusing it would cost 0.3 ms.
        """
        length, headlines, at = self._refused
        as_long = content_length >= length and time.monotonic() < at + REMEMBERED_SECONDS
        self.raise_if_full(headlines if as_long else 1)

    def raise_if_full(self, headlines: int = 1) -> None:
        """Raises OverloadedError at once if a number of headlines would exceed the capacity.

        Only a check: `acquire` counts them. A request that exceeds the whole capacity is admitted if nothing else is in
        flight; otherwise it would always be refused.
        """
        if self.in_flight + min(headlines, self.capacity) > self.capacity:
            raise OverloadedError(
                f"This request would bring the headlines in flight above {self.capacity:,}, where long texts and"
                " explanations count several times; try again in a second."
            )

    def acquire(self, headlines: int) -> None:
        """Count headlines as in flight until `release`; raises OverloadedError at once if they exceed the capacity."""
        self.raise_if_full(headlines)
        self.in_flight += headlines

    def release(self, headlines: int) -> None:
        """Stop counting headlines as in flight."""
        self.in_flight -= headlines

    def update_gauge(self) -> None:
        """Set the gauge to the headlines in flight."""
        if self.in_flight != self._gauge_value:
            self._gauge_value = self.in_flight
            self._gauge.set(self._gauge_value)

    @contextmanager
    def held(self, headlines: int, content_length: int = 0) -> Iterator[None]:
        """Count headlines as in flight in a `with` block; raises OverloadedError at once if they exceed the capacity.

        `content_length` of the request, for `admit_batch`; 0 if it is unknown.
        """
        try:
            self.acquire(headlines)
        except OverloadedError:
            if content_length:
                self._refused = content_length, headlines, time.monotonic()
            raise
        if content_length >= self._refused[0] and headlines < self._refused[1]:
            self._refused = NOTHING_REFUSED
        self.update_gauge()
        try:
            yield
        finally:
            self.release(headlines)
            self.update_gauge()

    async def run_in_turns(
        self, pieces: Sequence[P], do: Callable[[P], T], receive: Receive, due: Deadline, *, long: bool = False
    ) -> list[T]:
        """Process a request piece by piece, one request at a time, yielding to the event loop between pieces.

        `long`: whether a request of one piece yields, too, because it takes milliseconds. Otherwise, requests of one
        piece that arrive together are processed without yielding between them, which is faster for all of them.

        Raises:
            DeadlineError: the work, including the wait for its turn, exceeded the deadline.
            ClientGoneError: the client disconnected; the rest of the work is not done.
        """
        if len(pieces) == 1:
            await asyncio.sleep(0)  # requests that have arrived meanwhile are counted, and refused if they are too many
            if not (long or self._lock.locked()):  # no wait in which the client could disconnect
                result = do(pieces[0])
                due.raise_if_expired()
                return [result]
        disconnected = asyncio.ensure_future(receive())  # after the body the next ASGI message is http.disconnect
        try:
            async with asyncio.timeout(due.left()) as limit:
                disconnected.add_done_callback(lambda _: _end_wait(limit))
                async with self._lock:
                    done: list[T] = []
                    for piece in pieces:
                        if done or long:  # with the lock, so that the next request does not follow at once
                            await asyncio.sleep(0)
                        if disconnected.done():
                            raise ClientGoneError("The client disconnected.")
                        done.append(do(piece))
                due.raise_if_expired()  # the deadline does not interrupt the last piece
                return done
        except TimeoutError:
            raise (ClientGoneError("The client disconnected.") if disconnected.done() else due.error()) from None
        finally:
            disconnected.cancel()
            with suppress(asyncio.CancelledError):
                await disconnected


def _end_wait(limit: asyncio.Timeout) -> None:
    """End the wait of a disconnected client, which would otherwise stay in the queue and count until its turn."""
    with suppress(RuntimeError):  # the wait has already ended
        limit.reschedule(0)
