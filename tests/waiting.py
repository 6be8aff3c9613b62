"""Waits for a condition instead of a time: soon met on a quiet machine, and in the end on a busy one."""

import time
from collections.abc import Callable


def wait_for(condition: Callable[[], bool], seconds: float = 60, why: Callable[[], object] = lambda: "") -> None:
    """Wait until a condition holds; fails after `seconds` with what `why` returns."""
    due = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < due, why()
        time.sleep(0.01)
