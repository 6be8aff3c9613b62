"""Headlines in flight: how many are taken in, and who gives way to whom."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TypeVar

from prometheus_client import Gauge
from starlette.types import Receive

from app.api.deadline import Deadline
from app.api.errors import ClientGoneError, OverloadedError

CHUNK = 100
"""Headlines a batch works on before it gives way: about a millisecond, so nobody else waits much longer."""

T = TypeVar("T")


class Work:
    """The process's share of work; see `docs/decisions/0004-headlines-in-flight.md` for the measurements."""

    def __init__(self, capacity: int, gauge: Gauge) -> None:
        """`capacity`: most headlines that may be held at once, waiting or worked on; `gauge` shows how many are."""
        self.capacity = capacity
        self.in_flight = 0
        self._gauge = gauge
        self._lane = asyncio.Lock()

    def check_room(self, headlines: int) -> None:
        """Raises OverloadedError at once if there is no room for some headlines.

        Enough for what never waits: while a single headline is classified nothing else runs to count it.
        """
        if self.in_flight + headlines > self.capacity:
            raise OverloadedError(
                f"{self.in_flight:,} headlines are in flight and {self.capacity:,} may be; try again in a second."
            )

    @contextmanager
    def held(self, headlines: int) -> Iterator[None]:
        """Hold room for some headlines; raises OverloadedError at once if there is not enough."""
        self.check_room(headlines)
        self.in_flight += headlines
        self._gauge.set(self.in_flight)
        try:
            yield
        finally:
            self.in_flight -= headlines
            self._gauge.set(self.in_flight)

    async def in_turns(
        self, items: Sequence[str], do: Callable[[Sequence[str]], T], receive: Receive, due: Deadline
    ) -> list[T]:
        """Do a batch in chunks, one batch at a time, giving way to everything else between chunks.

        Raises:
            DeadlineError: it was not done in time, waiting for its turn included.
            ClientGoneError: the client hung up; what was left of the work is not done.
        """
        hung_up = asyncio.ensure_future(receive())  # the body is read, so what comes next is the end
        try:
            async with asyncio.timeout(due.left()), self._lane:
                done = []
                for start in range(0, len(items), CHUNK):
                    if start:
                        await asyncio.sleep(0)
                    if hung_up.done():
                        raise ClientGoneError("The client hung up.")
                    done.append(do(items[start : start + CHUNK]))
                due.check()  # the last chunk had nobody to be interrupted by
                return done
        except TimeoutError:
            raise due.error() from None
        finally:
            hung_up.cancel()
            with suppress(asyncio.CancelledError):
                await hung_up
