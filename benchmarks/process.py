"""Runs a service to be measured as a separate process, pinned to cores."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.machine import MeasurementError, pinned

ROOT = Path(__file__).parent.parent
START_SECONDS = 90.0
_TICKS = os.sysconf("SC_CLK_TCK")


class Process:
    """Context manager that runs `python ... --port PORT` with its output, including the access log, in a file."""

    def __init__(
        self, arguments: Collection[str], settings: Mapping[str, object], cores: Collection[int], log: Path
    ) -> None:
        """Set the command; `settings` become TOPICS_* variables, and none are inherited."""
        self.port = _free_port()
        self._command = [sys.executable, *arguments, "--port", str(self.port)]
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
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        workers = self.worker_pids() if self._process.poll() is None else []
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            for pid in {*workers, self._process.pid}:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
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

    def worker_pids(self) -> list[int]:
        """Process IDs of those that answer requests: the workers, or the single process."""
        pid = self._process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()] or [pid]

    def cpu_seconds(self) -> float:
        """User plus system time of the processes that answer requests, over all threads."""
        return sum(cpu_seconds(Path(f"/proc/{pid}/stat").read_text()) for pid in self.worker_pids())

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
        return [megabytes(Path(f"/proc/{pid}/smaps_rollup").read_text()) for pid in self.worker_pids()]


def cpu_seconds(stat: str) -> float:
    """`utime` plus `stime` of a `/proc/PID/stat`; the command name before them may hold spaces and brackets."""
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def megabytes(rollup: str) -> dict[str, float]:
    """Resident, proportional and private MB from a `/proc/PID/smaps_rollup`."""
    kilobytes = {name: int(value.split()[0]) for name, _, value in (line.partition(":") for line in _lines(rollup))}
    private = kilobytes["Private_Clean"] + kilobytes["Private_Dirty"]
    return {"resident": kilobytes["Rss"] / 1024, "proportional": kilobytes["Pss"] / 1024, "private": private / 1024}


def _lines(rollup: str) -> list[str]:
    return [line for line in rollup.splitlines() if line.endswith(" kB")]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
