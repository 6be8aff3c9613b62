"""Clients that want the process to hold as much as possible: it stays below the pod's limit, and its probe answers."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.server import RunningServer

pytestmark = pytest.mark.slow

LIMIT_MIB = 512
MARGIN = 3.0
"""Seconds; the bar is 1 on a machine with nothing else to do."""
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ATTACKS = {
    "bodies in arrival": (150, HEAD + b"Content-Length: 8388608\r\n\r\n" + b" " * 8_388_000),
    "bodies of a route that takes none": (
        50,
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 8388608\r\n\r\n" + b" " * 8_388_000,
    ),
    "tiny chunks": (20, CHUNKED + b"1\r\n \r\n" * 1_000_000),
    "trailers": (5, CHUNKED + b"0\r\n" + b"a: b\r\n" * 2_000_000),
    "one trailer": (5, CHUNKED + b"0\r\na: " + b"b" * 12_000_000),
    "pipelines that are not read": (100, b"GET /model HTTP/1.1\r\nHost: x\r\n\r\n" * 30_000),
    "half a head": (1500, HEAD + b"a:b\r\n" * 90),
}


@pytest.fixture
def server(tiny_bundle: Path) -> Iterator[RunningServer]:
    with RunningServer(tiny_bundle, access_log=False) as running:
        yield running


def peak_mib(server: RunningServer) -> int:
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) // 1024


def attack(port: int, clients: int, sent: bytes) -> None:
    held = []
    for _ in range(clients):
        client = socket.create_connection(("127.0.0.1", port), timeout=10)
        client.settimeout(0.2)
        held.append(client)
        with suppress(OSError):
            client.sendall(sent)
    time.sleep(1)
    for client in held:
        client.close()


@pytest.mark.parametrize("name", ATTACKS)
def test_memory_has_a_bound_and_the_probe_answers(server: RunningServer, name: str):
    attacker = threading.Thread(target=attack, args=(server.port, *ATTACKS[name]))
    attacker.start()
    slowest = 0.0
    while attacker.is_alive():
        begun = time.monotonic()
        assert server.get("/health/live").status == 200
        slowest = max(slowest, time.monotonic() - begun)
        time.sleep(0.02)
    print(f"\n{name}: {peak_mib(server)} MiB at most, slowest probe {slowest * 1000:.0f} ms")
    assert peak_mib(server) < LIMIT_MIB / 2
    assert slowest < MARGIN
    assert server.predict().status == 200
