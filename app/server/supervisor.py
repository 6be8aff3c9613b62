"""Supervisor: keeps workers running, replaces those that end or stop responding, and replaces all on SIGHUP.

One loop reacts to signals, heartbeats and deadlines; nothing in it waits for a single worker. Workers are forked from a
process that has imported the app and loaded the model, so they start fast and share that memory.
"""

import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from app.server.worker import SIGNALS, Serve, Worker
from app.serving.draining import REPLACED

RETRY_SECONDS = 0.5
"""Pause before the next start after a worker has ended before it was ready."""

AT_ONCE_SECONDS = 1.0
"""Maximum time for workers to end after a second SIGTERM."""

_TICK_SECONDS = 0.25
"""Maximum time between two passes of the loop."""

_STOP = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)

logger = logging.getLogger(__name__)


class _StopError(BaseException):
    """A signal to stop arrived while a bundle was loading."""


class Supervisor:
    """Keeps one worker running per slot; slots are numbered from 0 to `workers` - 1."""

    def __init__(
        self,
        workers: int,
        serve: Serve,
        *,
        load: Callable[[], Serve],
        end_seconds: float,
        sockets: Iterable[socket.socket],
        on_ready: Callable[[], None] = lambda: None,
        on_reload: Callable[[bool], None] = lambda _: None,
        on_end: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Prepare the supervisor; workers are forked by `run`.

        Args:
            workers: number of workers.
            serve: function that a worker runs.
            load: called on SIGHUP; returns the `serve` of new workers. If it raises, the workers are kept.
            end_seconds: maximum time for a worker to end; after that it is killed.
            sockets: closed when stopping, so that they are no longer open once the last worker has closed them.
            on_ready: called when the first worker has started.
            on_reload: called after SIGHUP: with True when all workers have the new bundle, with False if it or a worker
                that is to serve it failed.
            on_end: called with the number of a worker that has ended.
        """
        self._count, self._load, self._end_seconds = workers, load, end_seconds
        self._sockets, self._on_ready, self._on_reload, self._on_end = sockets, on_ready, on_reload, on_end
        self._serve = serve
        self._proven = False
        """Whether a worker has started successfully with `_serve`."""
        self._before: Serve | None = None
        """The previous `serve` after SIGHUP, until a worker has started with the new one."""
        self._workers: dict[int, Worker] = {}
        self._retry_at = 0.0
        self._loading = self._stopping = self._failed = self._replacing = False
        self._load_failed = False
        """Whether the last SIGHUP found no valid bundle; an earlier one may still be replacing the workers."""

    def run(self) -> bool:
        """Run until a signal to stop has arrived and all workers have ended; returns False if no worker could start."""
        with selectors.DefaultSelector() as self._selector, self._signals() as signals:
            last = time.monotonic()
            while not self._stopping or self._workers:
                self._retire()
                self._start_missing()
                for key, _ in self._selector.select(_TICK_SECONDS):
                    if key.data is not None:
                        self._hear(key.data)
                self._handle_signals(signals)
                self._reap()
                self._log_replaced()
                now = time.monotonic()
                # Limit the time counted if this process was suspended: otherwise workers would be killed on resume.
                self._count_down(min(now - last, 2 * _TICK_SECONDS))
                last = now
        return not self._failed

    @contextmanager
    def _signals(self) -> Iterator[socket.socket]:
        """Receive signals as bytes on a socket, so that none is lost and the loop handles them."""
        receive, send = socket.socketpair()
        with receive, send:
            receive.setblocking(False)
            send.setblocking(False)
            self._selector.register(receive, selectors.EVENT_READ)
            signal.set_wakeup_fd(send.fileno(), warn_on_full_buffer=False)  # before the handlers, which ignore signals
            before = {number: signal.signal(number, self._interrupt) for number in SIGNALS}
            try:
                yield receive
            finally:
                signal.set_wakeup_fd(-1)
                for number, handler in before.items():
                    signal.signal(number, handler)

    def _interrupt(self, number: int, _: FrameType | None) -> None:
        if self._loading and number in _STOP:
            self._loading = False
            raise _StopError

    def _handle_signals(self, signals: socket.socket) -> None:
        received = b""
        with suppress(BlockingIOError):
            received = signals.recv(4096)
        for _ in filter(_STOP.__contains__, received):
            self._stop()
        if signal.SIGHUP in received and not self._stopping:  # several SIGHUPs count as one
            self._reload()
        self._count = max(1, self._count + received.count(signal.SIGTTIN) - received.count(signal.SIGTTOU))

    def _stop(self) -> None:
        """The first time, let all workers drain; the second time, end them at once."""
        for worker in self._workers.values():
            if self._stopping:
                worker.end(min(worker.seconds_left, AT_ONCE_SECONDS), signal.SIGINT)
            else:  # one that was replaced also gets SIGTERM, so that it no longer reports ready
                worker.end(worker.seconds_left if worker.leaving else self._end_seconds)
        logger.info("stopping at once" if self._stopping else "stopping")
        self._stopping = True
        for listener in self._sockets:
            listener.close()

    def _reload(self) -> None:
        """Load the bundle again; the loop then replaces the workers."""
        try:
            self._loading = True
            try:
                serve = self._load()
            finally:
                self._loading = False  # before the log line, during which a signal must not raise
        except _StopError:
            return
        except Exception as error:  # after any error, the current workers keep serving
            logger.error("aborting the reload and keeping workers %s: %s", sorted(self._workers), error)  # noqa: TRY400 - one sentence
            self._load_failed = True
            self._on_reload(False)
            return
        logger.info("replacing the workers")
        if self._proven:
            self._before = self._serve
        self._serve, self._proven, self._replacing, self._load_failed = serve, False, True, False

    def _log_replaced(self) -> None:
        """After SIGHUP, say once that every worker has the new bundle and no other is left."""
        here = self._workers.values()
        if (
            self._replacing
            and len(here) == self._count
            and all(worker.ready and worker.serve is self._serve for worker in here)
        ):
            self._replacing = False
            logger.info("replaced the workers: %d now serve with the bundle that was loaded", len(here))
            if not self._load_failed:
                self._on_reload(True)

    def _retire(self) -> None:
        """End workers that have a ready replacement, exceed the number, or are starting with the previous bundle."""
        served = {worker.slot for worker in self._workers.values() if worker.serve is self._serve and worker.ready}
        for worker in self._workers.values():
            replaced = worker.serve is not self._serve and (not worker.ready or worker.slot in served)
            if not worker.leaving and not self._stopping and (replaced or worker.slot >= self._count):
                worker.end(self._end_seconds, REPLACED)

    def _start_missing(self) -> None:
        """Start workers for all empty slots at once, and replacements one at a time."""
        for slot in range(self._count):
            if self._stopping or time.monotonic() < self._retry_at:
                return
            stay = [worker for worker in self._workers.values() if not worker.leaving]
            here = [worker for worker in stay if worker.slot == slot]
            if not here or (
                all(worker.serve is not self._serve for worker in here) and all(worker.ready for worker in stay)
            ):
                self._start(slot)

    def _start(self, slot: int) -> None:
        taken = {worker.number for worker in self._workers.values()}
        number = next(number for number in range(len(taken) + 1) if number not in taken)
        supervisors = [key.fd for key in self._selector.get_map().values()]
        try:
            worker = Worker(self._serve, slot, number, supervisors)
        except OSError as error:
            logger.error("a worker cannot be forked (%s)", error.strerror)  # noqa: TRY400 - one sentence
            self._could_not_start()
            return
        self._workers[worker.pid] = worker
        self._selector.register(worker.heartbeat, selectors.EVENT_READ, worker)

    def _hear(self, worker: Worker) -> None:
        if not worker.hear():
            self._selector.unregister(worker.heartbeat)
        elif worker.serve is self._serve and not self._proven:
            self._proven, self._before = True, None
            if not self._stopping:
                self._on_ready()
            self._on_ready = lambda: None

    def _reap(self) -> None:
        """Reap ended processes; as process 1 of a container this includes processes that are not workers."""
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if worker := self._workers.get(ended[0]):
                    self._forget(worker)
                    if not worker.leaving:
                        self._handle_unexpected_exit(worker, os.waitstatus_to_exitcode(ended[1]))

    def _forget(self, worker: Worker) -> None:
        del self._workers[worker.pid]
        with suppress(KeyError):
            self._selector.unregister(worker.heartbeat)
        os.close(worker.heartbeat)
        self._on_end(worker.number)

    def _handle_unexpected_exit(self, worker: Worker, status: int) -> None:
        """Log an unexpected exit, and decide whether the start has failed."""
        if worker.ready:
            logger.warning("worker %d ended with status %d; starting another", worker.pid, status)
            return
        logger.error("worker %d could not start (status %d)", worker.pid, status)
        was_killed = status < 0 and not worker.killed  # by another process, or by the kernel because memory is short
        self._could_not_start(try_again=was_killed or worker.serve is not self._serve)

    def _could_not_start(self, *, try_again: bool = False) -> None:
        """Report that a reload has failed so far; abort it, or end the service, unless `try_again`."""
        self._retry_at = time.monotonic() + RETRY_SECONDS
        if self._replacing:
            self._on_reload(False)
        if try_again:
            return
        if self._before is not None:
            logger.error(
                "no worker starts with the new bundle; aborting the reload and keeping workers %s",
                sorted(self._workers),
            )
            self._serve, self._before, self._proven, self._replacing = self._before, None, True, False
        elif not self._proven and not self._workers:
            logger.error("no worker can start; the service ends")
            self._failed = self._stopping = True

    def _count_down(self, seconds: float) -> None:
        for worker in list(self._workers.values()):
            worker.seconds_left -= seconds
            if worker.seconds_left <= 0 and worker.killed:
                self._forget(worker)  # it does not end after SIGKILL: it is blocked in the kernel
            elif worker.seconds_left <= 0:
                if not worker.leaving:
                    logger.error("worker %d does not respond; killing it", worker.pid)
                worker.kill()
