"""Runs the service as users do: a separate process on loopback, on a free port."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parent.parent

START_SECONDS = 60.0
"""How long a process may take to be ready; generous, because the machine may be busy."""

_LISTENING = re.compile(r"running on http://127\.0\.0\.1:(\d+)")


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read to its end; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, parsed as JSON."""
        return json.loads(self.body)


class RunningServer:
    """`python -m app serve --port 0` with some settings; a context manager that waits for ready and stops it by pid.

    `settings` become TOPICS_* variables: `RunningServer(bundle, workers=2, drain_seconds=0)`. All output of the process
    is kept in `lines`.
    """

    def __init__(
        self,
        bundle: Path,
        command: Sequence[str] = ("-m", "app", "serve", "--port", "0"),
        wait: bool = True,
        port: int = 0,
        **settings: object,
    ) -> None:
        """Prepare the command and its environment.

        Args:
            bundle: TOPICS_MODEL.
            command: arguments of Python.
            wait: wait until the readiness probe returns 200; otherwise only until the process listens.
            port: that the command names, if no line of the output says where the process listens.
            settings: become TOPICS_* variables.
        """
        settings = {"model": bundle, "drain_seconds": 0} | settings
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("TOPICS_") and name != "PROMETHEUS_MULTIPROC_DIR"
        }
        self.environment = inherited | {f"TOPICS_{name.upper()}": str(value) for name, value in settings.items()}
        self.command = [sys.executable, *command]
        self.lines: list[str] = []
        self.port = port
        self._wait = wait
        self._listening = threading.Event()
        if port:
            self._listening.set()
        self.pause_reading = threading.Event()
        """While set, the output of the process is not read."""

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self._wait_listening()
            if self._wait:
                self.wait_ready()
        except BaseException:
            self.kill()
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            try:
                self.stop(timeout=15)
            except subprocess.TimeoutExpired:
                self.kill()
                if kind is None:
                    raise
        self._close()

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process that was started: the only one, or the parent of the workers."""
        return self.process.pid

    @property
    def output(self) -> str:
        """The output of the process so far."""
        return "\n".join(self.lines)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | object = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30,
    ) -> Reply:
        """Send one request on a new connection; a body that is not bytes is sent as JSON."""
        given = {"Connection": "close"} | dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            given.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, given)
            answer = connection.getresponse()
            lower = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, lower, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Reply:
        """GET a path."""
        return self.request("GET", path, headers=headers)

    def predict(self, headline: str = "Oil prices rise", **fields: object) -> Reply:
        """POST /predict."""
        return self.request("POST", "/predict", {"headline": headline, **fields})

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait until the readiness probe is 200; raises RuntimeError if the process ends or time runs out."""
        due = time.monotonic() + seconds
        while time.monotonic() < due and self.process.poll() is None:
            try:
                if self.get("/health/ready").status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise RuntimeError(f"the server did not become ready:\n{self.output}")

    def wait_line(self, part: str, seconds: float = START_SECONDS) -> None:
        """Wait for a line of output with this text; raises RuntimeError if time runs out."""
        due = time.monotonic() + seconds
        while not any(part in line for line in list(self.lines)):
            if time.monotonic() > due:
                raise RuntimeError(f"no line has {part!r}:\n{self.output[-2000:]}")
            time.sleep(0.02)

    def worker_pids(self) -> list[int]:
        """Process IDs of the workers, if there are several."""
        workers = []
        for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # one that has just ended
                if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                    workers.append(int(pid))
        return workers

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process that was started."""
        os.kill(self.pid, number)

    def stop(self, timeout: float = 30) -> int:
        """Send SIGTERM and return the exit status; raises subprocess.TimeoutExpired if the process does not end."""
        self.signal(signal.SIGTERM)
        return self.wait(timeout)

    def wait(self, timeout: float = 30) -> int:
        """Wait for the end of the process and of its output; returns the exit status."""
        status = self.process.wait(timeout)
        self._reader.join(5)
        return status

    def kill(self) -> None:
        """Kill the process and its workers."""
        try:
            for pid in self.worker_pids():
                os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)

    def _close(self) -> None:
        self._reader.join(5)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def _wait_listening(self) -> None:
        if not self._listening.wait(START_SECONDS) or not self.port:
            raise RuntimeError(f"the server did not start:\n{self.output}")

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            while self.pause_reading.is_set():
                time.sleep(0.01)
            self.lines.append(line.rstrip("\n"))
            if not self.port and (found := _LISTENING.search(line)):
                self.port = int(found[1])
                self._listening.set()
        self._listening.set()
