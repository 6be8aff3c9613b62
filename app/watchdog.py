"""A process whose event loop hangs ends, so that whoever supervises it starts another."""

import asyncio
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

HANG_SECONDS = 15
"""Counted in waits of one second, so that a suspended process is not taken for a hung one when it resumes."""

EXIT_STATUS = 70
"""EX_SOFTWARE of sysexits.h."""

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
            logger.critical("the event loop has not turned for %d seconds; this process ends", HANG_SECONDS)
            os._exit(EXIT_STATUS)
