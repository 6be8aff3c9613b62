"""Worker: a forked process that sends heartbeats to its supervisor."""

import atexit
import logging
import os
import signal
from collections.abc import Callable, Iterable
from types import FrameType

from app.serving.draining import REPLACED

START_SECONDS = 60.0
"""Maximum time until the first heartbeat of a worker; after that it is killed."""

SILENT_SECONDS = 30.0
"""Maximum time without a heartbeat; after that a worker is killed. Its own watchdog ends a hanging worker sooner."""

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGCHLD, signal.SIGTTIN, signal.SIGTTOU)
"""Signals that the supervisor handles."""

logger = logging.getLogger(__name__)

Beat = Callable[[], bool]
"""Sends a heartbeat, about once per second; returns False if the supervisor has ended and the worker should end."""

Serve = Callable[[int, int, Beat], None]
"""Runs in a worker until it ends; takes its slot (0 to workers - 1), its number, which is unique, and its heartbeat."""


class Worker:
    """A worker process as the supervisor manages it; `seconds_left`: time until it is killed without a response."""

    def __init__(self, serve: Serve, slot: int, number: int, close: Iterable[int]) -> None:
        """Fork the worker; raises OSError. `close`: file descriptors of the supervisor that the worker closes."""
        self.serve, self.slot, self.number = serve, slot, number
        self.seconds_left = START_SECONDS
        self.ready = self.leaving = self.killed = False
        self.heartbeat, send = os.pipe()
        os.set_blocking(self.heartbeat, False)
        os.set_blocking(send, False)
        # Without this, a signal between the fork and the worker's own handlers would be written to the wakeup socket,
        # which both processes share, and the supervisor would handle it.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            self.pid = os.fork()
            if self.pid == 0:
                self._run(send, close)
        except OSError:
            os.close(self.heartbeat)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            os.close(send)

    def hear(self) -> bool:
        """Read the worker's heartbeats; returns False if the worker has closed the pipe."""
        try:
            heard = os.read(self.heartbeat, 4096)
        except BlockingIOError:
            return True
        if heard:
            self.ready = True
            if not self.leaving:
                self.seconds_left = SILENT_SECONDS
        return bool(heard)

    def end(self, seconds: float, number: int = signal.SIGTERM) -> None:
        """Send a signal; the supervisor sends SIGKILL if the worker has not ended after `seconds`."""
        self.leaving, self.seconds_left = True, seconds
        os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.killed, self.seconds_left = True, 1.0
        os.kill(self.pid, signal.SIGKILL)

    def _run(self, send: int, close: Iterable[int]) -> None:
        """Runs in the forked process; never returns, because its callers belong to the supervisor."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            # Only the supervisor handles these, but a terminal sends them to all processes.
            for number in (signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU):
                signal.signal(number, signal.SIG_IGN)
            for number in (signal.SIGINT, signal.SIGTERM, REPLACED):
                signal.signal(number, _exit)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            for descriptor in (self.heartbeat, *close):
                os.close(descriptor)
            self.serve(self.slot, self.number, lambda: _beat(send))
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        except BaseException:
            logger.exception("worker %d failed", os.getpid())
        finally:
            atexit._run_exitfuncs()  # as in multiprocessing
            os._exit(status)


def _beat(pipe: int) -> bool:
    try:
        os.write(pipe, b".")
    except BrokenPipeError:
        return False
    except BlockingIOError:
        pass  # the pipe is full because the supervisor is suspended
    return True


def _exit(_: int, __: FrameType | None) -> None:
    """End the process here, not by an exception.

    Native code that calls Python may ignore exceptions, as pydantic's did in 1 of 600 starts. The worker would go on,
    serve without draining, and be killed with its connections.
    """
    atexit._run_exitfuncs()
    os._exit(0)
