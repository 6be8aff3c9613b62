"""A process at its limit of open files answers 503 with the reason, and recovers."""

import os
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.server import RunningServer
from tests.waiting import wait_for

pytestmark = pytest.mark.slow

LIMIT = 64


def status(connection: socket.socket, path: str) -> int:
    """Status of an answer on this connection, which is read to its end."""
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    with connection.makefile("rb") as reader:
        code = int(reader.readline().split()[1])
        headers = dict(line.decode().lower().strip().split(": ", 1) for line in iter(reader.readline, b"\r\n"))
        reader.read(int(headers["content-length"]))
    assert code != 503 or headers["retry-after"] == "1"
    return code


def is_full(pid: int) -> bool:
    return len(os.listdir(f"/proc/{pid}/fd")) >= LIMIT - 1  # noqa: PTH208


@pytest.mark.parametrize("workers", [1, 2])
def test_page_and_metrics_are_503_while_no_file_can_be_opened(tiny_bundle: Path, workers: int):
    server = RunningServer(tiny_bundle, workers=workers)
    server.command = ["/bin/sh", "-c", f'ulimit -n {LIMIT} && exec "$@"', "sh", *server.command]
    with server, ExitStack() as stack:
        address = ("127.0.0.1", server.port)
        pids = server.worker_pids() or [server.pid]
        kept = [stack.enter_context(socket.create_connection(address, timeout=30)) for _ in range(4 * workers)]
        assert [status(one, "/health/live") for one in kept] == [200] * len(kept)
        crowd = [socket.create_connection(address, timeout=30) for _ in range(2 * LIMIT * workers)]
        wait_for(lambda: all(map(is_full, pids)))
        for one in kept:
            assert status(one, "/page/main.js") == 503
            assert status(one, "/") == 503
            assert status(one, "/metrics") == (
                200 if workers == 1 else 503
            )  # the metrics of several workers are in files
            assert status(one, "/health/ready") == 200
        for one in crowd:
            one.close()
        wait_for(lambda: {status(one, path) for one in kept for path in ("/page/main.js", "/metrics")} == {200})
    assert '"status":500' not in server.output
