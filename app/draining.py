"""Going away without losing a request."""

import asyncio
import logging
import signal
import threading
from types import FrameType

from app.api.service import Service

logger = logging.getLogger(__name__)


def drain_on_sigterm(service: Service, seconds: float) -> None:
    """On SIGTERM be unready but go on answering for some seconds, then do what the server would have done at once.

    Load balancers need that time to see the readiness probe turn and to send new requests elsewhere.
    A second SIGTERM ends the wait. Called from the lifespan, when uvicorn has set its own handler.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # TestClient: signals belong to the test run
    stop = signal.getsignal(signal.SIGTERM)
    if not callable(stop):
        return  # no server that wants to know
    loop = asyncio.get_running_loop()

    def drain(signum: int, frame: FrameType | None) -> None:
        if service.phase == "draining":
            stop(signum, frame)
            return
        service.phase = "draining"
        logger.info("draining for %g seconds", seconds)
        loop.call_soon_threadsafe(loop.call_later, seconds, stop, signum, frame)

    signal.signal(signal.SIGTERM, drain)
