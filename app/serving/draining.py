"""Draining: on SIGTERM the process is unready but still answers for some seconds, then ends within a bound."""

import asyncio
import logging
import signal
import threading
from types import FrameType

from app.serving.service import Service

FINISH_SECONDS = 3
"""After draining, how long requests under way may take to finish; then their connections are closed."""

END_SECONDS = 4.0
"""After draining, how long the process may take to end; then the kernel ends it."""

logger = logging.getLogger(__name__)


def drain_on_sigterm(service: Service, seconds: float, repeated: bool) -> None:
    """On SIGTERM be unready but go on answering for some seconds, then do what the server would have done at once.

    Load balancers need that time to see the readiness probe turn and to send new requests elsewhere.
    Called from the lifespan, when uvicorn has set its own handler.

    `repeated`: whether a second SIGTERM ends the process without waiting. Not so in a worker: systemd sends SIGTERM to
    all processes of a service, and the supervisor sends one as well.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # TestClient: signals belong to the test run
    stop = signal.getsignal(signal.SIGTERM)
    if not callable(stop):
        return  # no server that handles it
    loop = asyncio.get_running_loop()

    def drain(signum: int, frame: FrameType | None) -> None:
        if service.phase == "draining":
            if repeated:
                stop(signum, frame)
                stop(signum, frame)  # the first asks uvicorn to stop, the second not to wait for clients
            return
        service.begin_draining()
        _end_within(seconds + END_SECONDS)
        logger.info("draining for %g seconds", seconds)
        loop.call_soon_threadsafe(loop.call_later, seconds, stop, signum, frame)

    signal.signal(signal.SIGTERM, drain)


def _end_within(seconds: float) -> None:
    """SIGALRM, which nothing handles, ends a process whose event loop hangs or whose exit waits for a thread."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
