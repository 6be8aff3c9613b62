"""Runs a service to be measured as a separate process, pinned to cores."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from benchmarks import proc
from benchmarks.machine import MeasurementError, pinned

ROOT = Path(__file__).parent.parent
START_SECONDS = 90.0


class Process:
    """Context manager that runs `COMMAND --port PORT` with its output, including the access log, in a file.

    It runs in a process group of its own, which ends with it: some servers leave their children behind.
    """

    def __init__(
        self, command: Sequence[object], settings: Mapping[str, object], cores: Collection[int], log: Path
    ) -> None:
        """Set the command; `settings` become TOPICS_* variables, and none are inherited."""
        self.port = free_port()
        self._command = [*map(str, command), "--port", str(self.port)]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOPICS_", "PROMETHEUS_"))}
        self._environment = kept | {"TF_CPP_MIN_LOG_LEVEL": "2"}
        self._environment |= {f"TOPICS_{name.upper()}": str(value) for name, value in settings.items()}
        self._cores = cores
        self._log = log

    def __enter__(self) -> Self:
        self.started = time.perf_counter()
        with self._log.open("ab") as log, pinned(self._cores):
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        with suppress(ProcessLookupError):  # it has ended, and left no children
            os.killpg(self._process.pid, signal.SIGCONT)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)

    def ask(self, path: str, body: object = None, timeout: float = 30) -> tuple[int, Any]:
        """Status and parsed body of one request, sent on a new connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request("GET" if sent is None else "POST", path, sent, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, json.loads(content) if answer.status == 200 else content
        finally:
            connection.close()

    def wait(self, path: str, body: object = None) -> float:
        """Seconds from the process's start to the first 200 at a path, polled every two milliseconds.

        Raises:
            MeasurementError: the process ends, or does not answer within START_SECONDS.
        """
        while (passed := time.perf_counter() - self.started) < START_SECONDS:
            try:
                if self.ask(path, body)[0] == 200:
                    return time.perf_counter() - self.started
            except OSError:
                pass
            if self._process.poll() is not None:
                last = self._log.read_text(errors="replace").strip().rpartition("\n")[2]
                raise MeasurementError(f"{' '.join(self._command[1:])} ended before it answered: {last}")
            time.sleep(0.002)
        raise MeasurementError(f"{' '.join(self._command[1:])} has not answered {path} in {passed:.0f} seconds.")

    def pause(self) -> None:
        """Stop all its processes: some servers poll while idle, which would slow others on the same core."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    @contextmanager
    def resumed(self) -> Iterator[None]:
        """Let a paused service run for a while."""
        os.killpg(self._process.pid, signal.SIGCONT)
        try:
            yield
        finally:
            self.pause()

    def worker_pids(self) -> list[int]:
        """Process IDs of those that answer requests: the workers, or the single process."""
        return proc.children(self._process.pid) or [self._process.pid]

    def cpu_seconds(self) -> float:
        """User plus system time of all its processes, over all threads."""
        return sum(map(proc.cpu_seconds, proc.descendants(self._process.pid)))

    def settle(self) -> None:
        """Wait until the CPU is idle: a thread pool continues with requests of disconnected clients."""
        due = time.perf_counter() + START_SECONDS
        while time.perf_counter() < due:
            before = self.cpu_seconds()
            time.sleep(0.1)
            if self.cpu_seconds() - before < 0.03:
                return
        raise MeasurementError(f"{' '.join(self._command[1:])} is still busy {START_SECONDS:.0f} seconds later.")

    def memory(self) -> list[dict[str, float]]:
        """Resident, proportional and private memory in MB of each process that answers requests."""
        return [proc.memory_mb(pid) for pid in self.worker_pids()]

    def resident_mb(self) -> float:
        """Resident memory of all its processes."""
        return sum(proc.memory_mb(pid)["resident"] for pid in proc.descendants(self._process.pid))


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
