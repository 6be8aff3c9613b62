"""Watchdog: ends a process whose event loop hangs, so that its supervisor starts another."""

import asyncio
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.telemetry.log_streams.standard_streams import drain

HANG_SECONDS = 15
"""Time for which the event loop must be blocked until the process is ended.

It is counted in waits of one second, so that a suspended process does not count as hanging when it resumes.
"""

EXIT_STATUS = 70
"""EX_SOFTWARE of sysexits.h."""

MESSAGE_SECONDS = 2
"""Time limit for the last log line: the hanging thread may hold the logger's lock, or stdout may not be read."""

logger = logging.getLogger(__name__)


@contextmanager
def watched(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Start a thread that ends the process if the event loop is blocked for HANG_SECONDS; a context manager.

    With one worker, there is no supervisor that could notice this; with several, the supervisor waits longer
    (`SILENT_SECONDS` in `app/server/worker.py`).
    """
    stopped = threading.Event()
    thread = threading.Thread(target=_watch, args=(loop, stopped), name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()


def _watch(loop: asyncio.AbstractEventLoop, stopped: threading.Event) -> None:
    while not stopped.wait(1):
        turned = threading.Event()
        try:
            loop.call_soon_threadsafe(turned.set)
        except RuntimeError:
            return  # the loop is closed
        if not any(turned.wait(1) or stopped.is_set() for _ in range(HANG_SECONDS)):
            try:
                message = threading.Thread(target=_log_hang, daemon=True)
                message.start()
                message.join(MESSAGE_SECONDS)
            finally:
                os._exit(EXIT_STATUS)


def _log_hang() -> None:
    logger.critical("the event loop has been blocked for %d seconds; ending the process", HANG_SECONDS)
    drain(MESSAGE_SECONDS / 2)
