"""Worker: a forked process that sends heartbeats to its supervisor, as the supervisor sees it."""

import atexit
import logging
import os
import signal
from collections.abc import Callable, Iterable
from types import FrameType

START_SECONDS = 60.0
"""How long a worker may take until its first heartbeat; then it is killed."""

SILENT_SECONDS = 30.0
"""How long a worker that serves may send no heartbeat; then it is killed. Its watchdog ends a hanging one sooner."""

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGCHLD, signal.SIGTTIN, signal.SIGTTOU)
"""What a supervisor handles."""

logger = logging.getLogger(__name__)

Beat = Callable[[], bool]
"""Called by a worker about once a second; False once the supervisor is gone, and the worker should end."""

Serve = Callable[[int, int, Beat], None]
"""Serves in a worker until it ends, given its place (0 to workers - 1) and its number, which no other live one has."""


class Worker:
    """One process; `seconds_left` is the time until it is killed, if it does not respond."""

    def __init__(self, serve: Serve, place: int, number: int, close: Iterable[int]) -> None:
        """Fork it; raises OSError. `close`: file descriptors that are the supervisor's alone."""
        self.serve, self.place, self.number = serve, place, number
        self.seconds_left = START_SECONDS
        self.ready = self.leaving = self.killed = False
        self.heartbeat, send = os.pipe()
        os.set_blocking(self.heartbeat, False)
        os.set_blocking(send, False)
        # A signal between fork and the worker's own handlers would be taken for one to the supervisor, through the
        # socket that both have.
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
        """Read its heartbeats; False if there will be no more."""
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
        """Send a signal, and SIGKILL if it is still there after some seconds."""
        self.leaving, self.seconds_left = True, seconds
        os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.killed, self.seconds_left = True, 1.0
        os.kill(self.pid, signal.SIGKILL)

    def _run(self, send: int, close: Iterable[int]) -> None:
        """In the worker; never returns, since what has called it is the supervisor's."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            for number in (signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU):
                signal.signal(number, signal.SIG_IGN)  # for the supervisor, but a terminal sends them to all
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, _exit)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            for descriptor in (self.heartbeat, *close):
                os.close(descriptor)
            self.serve(self.place, self.number, lambda: _beat(send))
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        except KeyboardInterrupt:
            status = 0
        except BaseException:
            logger.exception("worker %d failed", os.getpid())
        finally:
            atexit._run_exitfuncs()  # as multiprocessing does
            os._exit(status)


def _beat(pipe: int) -> bool:
    try:
        os.write(pipe, b".")
    except BrokenPipeError:
        return False
    except BlockingIOError:
        pass  # the supervisor is stopped
    return True


def _exit(_: int, __: FrameType | None) -> None:
    raise SystemExit(0)
