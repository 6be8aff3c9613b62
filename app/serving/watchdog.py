"""Watchdog: ends a process whose event loop hangs, so that its supervisor starts another."""

import asyncio
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.telemetry.log_stream import drain

HANG_SECONDS = 15
"""Counted in waits of one second, so that a suspended process is not taken for a hung one when it resumes."""

EXIT_STATUS = 70
"""EX_SOFTWARE of sysexits.h."""

MESSAGE_SECONDS = 2
"""How long the last log line may take: the hung thread may hold the logger's lock, and nobody may read stdout."""

logger = logging.getLogger(__name__)


@contextmanager
def watched(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """While this lasts, a thread ends the process when the loop does not turn for HANG_SECONDS.

    uvicorn's own check of its workers is answered by a thread, which a hanging loop does not stop.
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
                message = threading.Thread(target=_say_so, daemon=True)
                message.start()
                message.join(MESSAGE_SECONDS)
            finally:
                os._exit(EXIT_STATUS)


def _say_so() -> None:
    logger.critical("the event loop has not turned for %d seconds; this process ends", HANG_SECONDS)
    drain(MESSAGE_SECONDS / 2)
