"""uvicorn's supervisor of several workers, which does not give up healthy ones for one that cannot start."""

import logging
import time

from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from app.server import Server

RETRY_SECONDS = 10.0
"""How long a worker that could not start is left alone before another is tried in its place."""

logger = logging.getLogger(__name__)


class Worker(Process):
    """uvicorn's, with the service's own server in it."""

    @property
    def server(self) -> Server:
        """Made when the worker runs."""
        if not isinstance(self._server, Server):
            self._server = Server(self.config)
        return self._server


class Supervisor(Multiprocess):
    """Starts workers, each with a socket of its own, and replaces those that have died.

    uvicorn stops everything, with status 0, when a replacement cannot start: a bundle that was broken on disk
    since would turn one worker's end into the end of the service. Whatever starts a worker is written here anew,
    since uvicorn's own starts its own, and gives all of them the sockets in one order.
    """

    failed = False
    """Whether it ended because no worker could start."""
    _retry_at = 0.0

    def init_processes(self) -> None:
        """Called once."""
        self.processes = [self._start(index) for index in range(self.processes_num)]

    def keep_subprocess_alive(self) -> None:
        """Called twice a second."""
        if self.should_exit.is_set():
            return
        for index, worker in enumerate(self.processes):
            if worker.is_alive(timeout=self.config.timeout_worker_healthcheck):
                continue
            worker.kill()  # it may hang
            worker.join()
            if worker.exitcode == STARTUP_FAILURE:
                if not any(other.process.is_alive() for other in self.processes):
                    logger.error("no worker can start; the service ends")
                    self.failed = True
                    self.should_exit.set()
                    return
                if time.monotonic() < self._retry_at:
                    continue
                self._retry_at = time.monotonic() + RETRY_SECONDS
                logger.error("worker %s could not start; the others go on serving", worker.pid)
            else:
                logger.warning("worker %s died with status %s; another takes its place", worker.pid, worker.exitcode)
            self.processes[index] = self._start(index)

    def terminate_all(self) -> None:
        """Called at the end, when the last worker that closes a socket is to be the last that has it."""
        for listener in self.sockets:
            listener.close()
        super().terminate_all()

    def restart_all(self) -> None:
        """On SIGHUP: each worker ends once another is ready in its place."""
        for index, worker in enumerate(self.processes):
            replacement = self._start(index)
            if not replacement.wait_until_ready(self.config.timeout_worker_healthcheck, self.should_exit):
                replacement.kill()
                replacement.join()
                if not self.should_exit.is_set():
                    logger.error(
                        "worker %s was not ready in time; keeping worker %s and aborting the restart",
                        replacement.pid,
                        worker.pid,
                    )
                return
            worker.terminate()
            worker.join()
            self.processes[index] = replacement

    def handle_ttin(self) -> None:
        """On SIGTTIN: one worker more, beside another at its socket."""
        self.processes_num += 1
        self.processes.append(self._start(len(self.processes)))

    def _start(self, index: int) -> Worker:
        own = index % len(self.sockets)
        worker = Worker(self.config, self.sockets[own:] + self.sockets[:own])
        worker.start()
        return worker
