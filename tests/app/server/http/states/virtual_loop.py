"""An event loop without sockets whose time the test sets."""

import asyncio
import threading
from asyncio import base_events, events
from typing import Any


class VirtualLoop(base_events.BaseEventLoop):
    """Runs one iteration at a time; keeps what would be logged by its exception handler in `errors`."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.errors: list[dict[str, Any]] = []
        self._selector = self
        self.set_exception_handler(lambda _, context: self.errors.append(context))

    def __enter__(self) -> "VirtualLoop":
        events._set_running_loop(self)
        self._thread_id = threading.get_ident()
        return self

    def __exit__(self, *_: object) -> None:
        events._set_running_loop(None)
        self._thread_id = None
        self.close()

    def time(self) -> float:
        return self.now

    def run_once(self) -> None:
        """One iteration: call what is ready or due now."""
        self._run_once()

    def settle(self) -> None:
        """Iterations until no callback is ready or due."""
        self.run_once()
        for _ in range(20_000):
            if not self._ready and not any(timer.when() <= self.now for timer in self.timers()):
                return
            self.run_once()
        raise AssertionError("the loop does not come to rest")

    def timers(self) -> list[asyncio.TimerHandle]:
        return [timer for timer in self._scheduled if not timer.cancelled()]

    def select(self, _: float | None) -> list[Any]:
        """Of the selector."""
        return []

    def close(self) -> None:
        self._selector = None
        super().close()

    def _process_events(self, _: list[Any]) -> None:
        pass
