"""Limits the share of time spent on parsing bodies, so that large bodies do not block other requests."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.errors import OverloadedError

TURN_BYTES = 1024
"""Length from which a body takes turns."""

FREE_SECONDS = 0.01
"""Time for which bodies are parsed without a pause between them: ordinary ones never take longer together."""

MAX_WAIT_SECONDS = 1.0
"""Maximum wait of a request for its turn; after that: 503."""


class ParseTurns:
    """After FREE_SECONDS of parsing, the event loop is left to other requests for as long as the parsing took.

    Parsing 3 MB of JSON takes up to half a second if they are 250,000 fields. Many such bodies that arrive together
    would otherwise be parsed one after the other, and no other request, not even a probe, would be answered meanwhile.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._free_at = 0.0
        """Time at which the event loop has been left to others for as long as bodies were parsed."""
        self._lock = asyncio.Lock()

    async def wait(self) -> None:
        """Wait for a turn; raises OverloadedError after MAX_WAIT_SECONDS."""
        if not self._lock.locked() and self._free_at - self._clock() <= FREE_SECONDS:
            return
        try:
            async with asyncio.timeout(MAX_WAIT_SECONDS), self._lock:
                await asyncio.sleep(max(self._free_at - self._clock(), 0))
        except TimeoutError:
            raise OverloadedError("Large requests are waiting to be parsed; try again in a second.") from None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Measures the time in which a body is parsed."""
        begun = self._clock()
        try:
            yield
        finally:
            self._free_at = max(self._free_at, begun) + 2 * (self._clock() - begun)
