"""SIGTERM under steady load, one process and a fleet: not one request is lost."""

import asyncio
import itertools
import os
import signal
import socket
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.operation.load import SINGLE, Connection, SteadyLoad, Tally
from tests.server import RunningServer
from tests.waiting import wait_for

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_under_load_loses_no_request_and_ends_with_0(tiny_bundle: Path, workers: int):
    """The load stops some time after the readiness probe has failed, like that of a load balancer."""
    with RunningServer(tiny_bundle, workers=workers, drain_seconds=2) as server:
        with SteadyLoad(server.port) as load:
            time.sleep(0.5)
            server.signal(signal.SIGTERM)
            begun = time.monotonic()
            while server.get("/health/ready").status == 200:
                assert time.monotonic() - begun < 1.5
                time.sleep(0.02)
            assert server.get("/health/live").status == 200
            answered = load.tally.statuses[200]
            time.sleep(0.5)
            assert load.tally.statuses[200] > answered  # requests that still arrive are answered
        assert server.wait(15) == 0
        assert time.monotonic() - begun >= 1.9
    assert load.tally.errors == []
    assert load.tally.failed == 0
    assert load.tally.statuses[200] > 100


@pytest.mark.parametrize("workers", [1, 2])
def test_request_that_waits_when_a_suspended_process_resumes_after_its_drain_is_answered(
    tiny_bundle: Path, workers: int
):
    """Machines are suspended when they are moved or saved; uvloop then calls its timers before it reads."""
    with RunningServer(tiny_bundle, workers=workers, drain_seconds=1) as server:
        wait_for(lambda: len(server.worker_pids()) == workers or workers == 1)
        pids = server.worker_pids() or [server.pid]
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
            client.sendall(SINGLE)
            assert client.recv(65536).startswith(b"HTTP/1.1 200 OK")
            for pid in pids:
                os.kill(pid, signal.SIGTERM)
            wait_for(lambda: server.output.count("draining for") == workers)
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            client.sendall(SINGLE)
            time.sleep(1.5)  # longer than the drain
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
            answer = client.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b"connection: close" in answer


def test_client_that_never_completes_its_request_gets_503_and_causes_no_error(tiny_bundle: Path):
    with RunningServer(tiny_bundle, drain_seconds=0) as server, ExitStack() as stack:
        client = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))
        client.sendall(SINGLE[:20])
        time.sleep(0.2)
        server.signal(signal.SIGTERM)
        assert server.wait(15) == 0
        assert client.recv(65536).startswith(b"HTTP/1.1 503 ")
    assert '"level":"error"' not in server.output


def test_readiness_says_503_with_retry_after_while_draining(tiny_bundle: Path):
    with RunningServer(tiny_bundle, drain_seconds=60) as server:
        server.signal(signal.SIGTERM)
        server.wait_line("draining for")
        reply = server.get("/health/ready")
        assert (reply.status, reply.headers["retry-after"], reply.headers["connection"]) == (503, "1", "close")
        assert server.predict().status == 200
        # The second SIGTERM, at the end of the block, ends the drain at once.


@pytest.mark.parametrize("workers", [1, 2])
def test_clients_that_connect_while_it_stops_are_answered(tiny_bundle: Path, workers: int):
    request = SINGLE.replace(b"Host: x", b"Host: x\r\nConnection: close")
    answered: Counter[bytes] = Counter()

    async def client(server: RunningServer) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            except ConnectionError:
                return
            writer.write(request)
            try:
                answered[(await reader.read())[:15]] += 1
                if answered.total() == 200:
                    server.signal(signal.SIGTERM)
                writer.close()
                await writer.wait_closed()
            except ConnectionError:
                answered[b"reset"] += 1

    async def clients(server: RunningServer) -> None:
        await asyncio.gather(*(client(server) for _ in range(64)))

    with RunningServer(tiny_bundle, workers=workers, drain_seconds=0) as server:
        asyncio.run(clients(server))
        assert server.wait() == 0
    # Only microseconds pass between the last accept and closing; without accepting waiting connections it was 10 to 64.
    assert answered.pop(b"reset", 0) <= 1
    assert answered.keys() == {b"HTTP/1.1 200 OK"}


def test_batch_under_way_is_finished_before_the_process_ends(tiny_bundle: Path):
    replies = []
    with RunningServer(tiny_bundle, drain_seconds=0) as server:
        body = {"headlines": ["oil " * 1500] * 1000}  # some tenths of a second of work
        thread = threading.Thread(target=lambda: replies.append(server.request("POST", "/predict/batch", body)))
        thread.start()
        while "topics_in_flight 0.0" in server.get("/metrics").body.decode() and thread.is_alive():
            time.sleep(0.005)
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
        thread.join()
    assert [reply.status for reply in replies] == [200]
    assert len(replies[0].json()["results"]) == 1000


class RoundRobin:
    """A minimal load balancer: sends requests to ready servers in turn, and probes readiness every 50 ms."""

    def __init__(self, servers: list[RunningServer]) -> None:
        self.servers = servers
        self.tally = Tally()
        self._stopped = threading.Event()
        self._ready = [server.port for server in servers]
        self._threads = [
            threading.Thread(target=self._look),
            *(threading.Thread(target=asyncio.run, args=(self._ask(),)) for _ in range(2)),
        ]

    def __enter__(self) -> "RoundRobin":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _look(self) -> None:
        while not self._stopped.wait(0.05):
            ready = []
            for server in list(self.servers):
                try:
                    if server.get("/health/ready").status == 200:
                        ready.append(server.port)
                except OSError:
                    pass
            self._ready = ready

    async def _ask(self) -> None:
        connections: dict[int, Connection] = {}
        for turn in itertools.count():
            if self._stopped.is_set():
                break
            port = self._ready[turn % len(self._ready)]
            connection = connections.setdefault(port, Connection(port, self.tally))
            await connection.ask(SINGLE)
            await asyncio.sleep(0.002)
        for connection in connections.values():
            connection.close()


def test_rolling_replacement_of_three_processes_loses_no_request(tiny_bundle: Path):
    started = []

    def start() -> RunningServer:
        server = RunningServer(tiny_bundle, drain_seconds=1)
        started.append(server)
        return server.__enter__()

    try:
        with RoundRobin([start() for _ in range(3)]) as balancer:
            for old in list(balancer.servers):
                balancer.servers.append(start())
                time.sleep(0.2)
                old.signal(signal.SIGTERM)
                assert old.wait(15) == 0
                balancer.servers.remove(old)
            time.sleep(0.2)
    finally:
        for server in started:
            server.__exit__(None, None, None)
    assert balancer.tally.errors == []
    assert balancer.tally.failed == 0
    assert balancer.tally.statuses[200] > 200
