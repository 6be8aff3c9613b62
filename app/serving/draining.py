"""Draining: on SIGTERM the process is not ready but still answers for some seconds, then ends within a time limit."""

import asyncio
import logging
import signal
import threading
from types import FrameType

from app.serving.service import Service

FINISH_SECONDS = 3
"""Maximum time for requests in progress to finish after draining; then their connections are closed."""

END_SECONDS = 4.0
"""Maximum time for the process to end after draining; then the kernel ends it."""

REPLACED = signal.SIGUSR1
"""Signal of the supervisor to a worker that has a successor: drain, but report ready.

Probes of a service with several workers reach any of them. With SIGTERM, up to half of them would get 503 while workers
are replaced, and a load balancer could take a service out that answers every request.
"""

logger = logging.getLogger(__name__)


def drain_on_sigterm(service: Service, seconds: float, repeated: bool) -> None:
    """On SIGTERM, report not ready but answer for some seconds, then run the server's own handler.

    In that time load balancers notice the failing readiness probe and send new requests elsewhere. Called from the
    lifespan, after uvicorn has set its own handler.

    In a worker, REPLACED does the same without reporting not ready.

    `repeated`: whether a second SIGTERM ends the process without waiting. False in a worker, because systemd sends
    SIGTERM to all processes of a service, and the supervisor sends another one.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # TestClient runs the app in a thread and handles no signals
    stop = signal.getsignal(signal.SIGTERM)
    if not callable(stop):
        return  # no server handles the signal
    loop = asyncio.get_running_loop()

    def drain(signum: int, frame: FrameType | None) -> None:
        begun = service.phase == "draining"
        service.begin_draining(replaced=signum == REPLACED)
        if begun:
            if repeated:
                stop(signum, frame)
                stop(signum, frame)  # uvicorn stops on the first call, and does not wait for clients after the second
            return
        _end_within(seconds + END_SECONDS)
        logger.info("draining for %g seconds", seconds)
        loop.call_soon_threadsafe(loop.call_later, seconds, stop, signal.SIGTERM, frame)

    signal.signal(signal.SIGTERM, drain)
    if not repeated:
        signal.signal(REPLACED, drain)


def _end_within(seconds: float) -> None:
    """Let SIGALRM, which has no handler, end a process whose event loop hangs or whose exit waits for a thread."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
