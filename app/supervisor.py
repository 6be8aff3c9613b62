"""uvicorn's supervisor of several workers, which does not give up healthy ones for one that cannot start."""

import logging
import time

from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess, Process

RETRY_SECONDS = 10.0
"""How long a worker that could not start is left alone before another is tried in its place."""

logger = logging.getLogger(__name__)


class Supervisor(Multiprocess):
    """Replaces workers that have died.

    uvicorn stops everything, with status 0, when a replacement cannot start: a bundle that was broken on disk
    since would turn one worker's end into the end of the service.
    """

    failed = False
    """Whether it ended because no worker could start."""
    _retry_at = 0.0

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
            self.processes[index] = Process(self.config, self.sockets)
            self.processes[index].start()
