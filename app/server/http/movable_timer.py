"""Timer that can be moved for every request without a new asyncio timer."""

import asyncio
from collections.abc import Callable

READ_SECONDS = 0.01
"""Time for which the loop reads before the function is called.

After a pause of the process, or in the middle of a busy iteration, uvloop calls timers before it reads what has arrived
meanwhile. A connection that is closed then is reset, and the request on it is lost.
"""


class MovableTimer:
    """Calls a function when the time `at` has passed, and what has arrived until then has been read.

    Setting and canceling an asyncio timer costs 1 us of processor time per request. Here one timer is kept, which
    compares the time with `at` when it fires.
    """

    __slots__ = ("_callback", "_due", "_loop", "_timer", "at", "since")

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        """`callback` runs in the event loop."""
        self._loop, self._callback = loop, callback
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self.at: float | None = None
        """Time of the loop, in seconds, when the function is called; None: stopped. May be set to None to stop it."""
        self.since = 0.0
        """Time of the loop when the timer was last set."""

    def set(self, seconds: float) -> None:
        """Move the time to `seconds` from now."""
        self.since = now = self._loop.time()
        self.at = at = now + seconds
        if self._timer is None or at < self._due:
            self._start()

    def close(self) -> None:
        """Stop, and cancel the asyncio timer."""
        self.at = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start(self) -> None:
        assert self.at is not None
        if self._timer is not None:
            self._timer.cancel()
        self._due = self.at
        self._timer = self._loop.call_at(self.at, self._fire)

    def _fire(self, has_read: bool = False) -> None:
        self._timer = None
        if self.at is None:
            return
        now = self._loop.time()
        if self.at > now:  # it has been moved
            self._start()
        elif has_read:
            self.at = None
            self._callback()
        else:
            self._timer = self._loop.call_at(now + READ_SECONDS, self._fire, True)
