"""nginx with the shipped configuration in front of real processes that are replaced, killed, full or stopped.

The configuration is the shipped file with another port; only the list of replicas is the test's own, because
there is no name server for them here.
"""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.api.problem_kinds import KINDS
from app.api.problems import MEDIA_TYPE, Problem
from app.settings import Settings
from benchmarks.scaling.nginx import configure
from tests.operation.load import Connection, SteadyLoad, Tally, post
from tests.server import Reply, RunningServer, free_port
from tests.waiting import wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed"),
]

DRAIN = 2.5
"""Seconds. Less than the default, for the test's sake, and still more than nginx keeps an idle connection: see
`tests/deploy/test_scale.py`."""


class Proxy(RunningServer):
    """nginx in front of servers on the given ports, with the same request methods as a server."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        self.folder = folder
        self.port = free_port()
        self.command = configure(folder, self.port, ports)

    def __enter__(self) -> "Proxy":
        with (self.folder / "stderr").open("wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stderr=log)
        due = time.monotonic() + 10
        while time.monotonic() < due and self.process.poll() is None:
            try:
                self.get("/health/live")
            except OSError:
                time.sleep(0.02)
            else:
                return self
        raise RuntimeError(self.complaints)

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)

    @property
    def complaints(self) -> str:
        """The error log of nginx."""
        return (self.folder / "stderr").read_text()


class Fleet:
    """Servers, each of which can be replaced by a new process on the same port, as a container is replaced."""

    def __init__(self, bundle: Path, size: int, stack: ExitStack, **settings: object) -> None:
        self._bundle, self._stack, self._settings = bundle, stack, settings
        self.servers = [self._start(0) for _ in range(size)]

    @property
    def ports(self) -> list[int]:
        """Ports of the servers."""
        return [server.port for server in self.servers]

    def replace(self, place: int) -> None:
        """Send SIGTERM, wait for the end of the process, and start the next one."""
        old = self.servers[place]
        assert old.stop(DRAIN + 15) == 0
        self.servers[place] = self._start(old.port)

    def _start(self, port: int) -> RunningServer:
        command = ("-m", "app", "serve", "--port", str(port))
        server = self._stack.enter_context(RunningServer(self._bundle, command, **self._settings))
        self._stack.callback(server.kill)  # no need to wait for it to drain
        return server


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_rolling_replacement_of_three_processes_behind_nginx_loses_no_request(
    tiny_bundle: Path, tmp_path: Path, stack: ExitStack
):
    fleet = Fleet(tiny_bundle, 3, stack, drain_seconds=DRAIN)
    proxy = stack.enter_context(Proxy(tmp_path, fleet.ports))
    before = [server.pid for server in fleet.servers]
    batch = post("/predict/batch", {"headlines": ["Oil prices rise"] * 200})
    with SteadyLoad(proxy.port, clients=8) as singles, SteadyLoad(proxy.port, clients=2, request=batch) as batches:
        for place in range(3):
            fleet.replace(place)
            time.sleep(0.5)
    print(f"\n{singles.tally.statuses[200]} singles and {batches.tally.statuses[200]} batches answered, 0 lost")
    assert not set(before) & {server.pid for server in fleet.servers}
    assert (singles.tally.errors, singles.tally.failed) == ([], 0)
    assert (batches.tally.errors, batches.tally.failed) == ([], 0)
    assert singles.tally.statuses[200] > 1000


def test_kill_9_of_a_replica_loses_no_request(tiny_bundle: Path, tmp_path: Path, stack: ExitStack):
    fleet = Fleet(tiny_bundle, 3, stack)
    proxy = stack.enter_context(Proxy(tmp_path, fleet.ports))
    with SteadyLoad(proxy.port, clients=8, pause=0) as load:
        wait_for(lambda: load.tally.statuses[200] > 100)
        os.kill(fleet.servers[0].pid, signal.SIGKILL)
        answered = load.tally.statuses[200]
        wait_for(lambda: load.tally.statuses[200] > answered + 100)
    assert (load.tally.errors, load.tally.failed) == ([], 0)
    # The load was running when the process ended: nginx logs the requests that it sent to another one.
    assert "upstream" in proxy.complaints


def test_connections_to_replicas_are_kept(server: RunningServer, tmp_path: Path, stack: ExitStack):
    proxy = stack.enter_context(Proxy(tmp_path, [server.port]))
    used = set()
    for _ in range(20):
        assert proxy.predict().status == 200
        used |= established(server.port)
    assert 1 <= len(used) <= (os.cpu_count() or 1)  # of 20 clients' connections: each of nginx's workers keeps one


def established(port: int) -> set[str]:
    """The other ends of a server's connections."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {row[2] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01"}


def test_no_replica_at_all_is_503_with_retry_after_and_a_problem(tmp_path: Path):
    with socket.socket() as closed_port:
        closed_port.bind(("127.0.0.1", 0))
        with Proxy(tmp_path, [closed_port.getsockname()[1]]) as proxy:
            reply = proxy.predict()
    check_problem(reply, 503)
    assert reply.headers["retry-after"] == "1"


def test_body_over_the_limit_is_413_and_a_problem(server: RunningServer, tmp_path: Path, stack: ExitStack):
    proxy = stack.enter_context(Proxy(tmp_path, [server.port]))
    most = Settings.model_fields["max_body_bytes"].default
    text = b'{"headline": "oil"' + b" " * (most - 19) + b"}"
    assert proxy.request("POST", "/predict", text, {"Content-Type": "application/json"}).status == 200
    check_problem(proxy.request("POST", "/predict", text + b" ", {"Content-Type": "application/json"}), 413)


def check_problem(reply: Reply, status: int) -> None:
    problem = Problem.model_validate(reply.json())
    assert (reply.status, problem.status, reply.headers["content-type"]) == (status, status, MEDIA_TYPE)
    assert (problem.type, problem.title) in {(kind.type, kind.title) for kind in KINDS if kind.status == status}
    assert problem.request_id == reply.headers["x-request-id"]


def test_full_service_is_refused_once_and_at_once(tiny_bundle: Path, tmp_path: Path, stack: ExitStack):
    """A 503 of the service is passed on with its Retry-After; nginx does not try another replica."""
    fleet = Fleet(tiny_bundle, 2, stack, max_batch=1, max_in_flight=1)
    proxy = stack.enter_context(Proxy(tmp_path, fleet.ports))
    tally = Tally()

    async def ask_many() -> None:
        connections = [Connection(proxy.port, tally) for _ in range(40)]
        request = post("/predict/batch", {"headlines": ["oil " * 4000]})
        await asyncio.gather(*(connection.ask(request) for connection in connections))
        for connection in connections:
            connection.close()

    asyncio.run(ask_many())
    refused = sum(
        int(float(line.rpartition(b" ")[2]))
        for server in fleet.servers
        for line in server.get("/metrics").body.splitlines()
        if line.startswith(b'topics_rejected_total{reason="overloaded"}')
    )
    assert set(tally.statuses) <= {200, 503}
    assert tally.statuses[503] == refused > 0
    assert tally.without_retry_after == 0


METRICS = [
    "/metrics",
    "/metrics/",
    "/metrics?x=1",
    "//metrics",
    "/./metrics",
    "/x/../metrics",
    "/%6detrics",
    "/METRICS",
    "/metrics%2f",
    "/metrics%2F..%2Fmetrics",
    "/metrics;x",
    "/metrics%00",
    "/metrics%0A",
    "/metrics%0D",
    "/metrics%20",
    "/metrics%7F",
    "/%0Ametrics",
    "/metrics%C2%85",
    "http://127.0.0.1/metrics",
    "http://127.0.0.1//metrics%0A",
]


def test_metrics_are_at_no_spelling_of_their_path(server: RunningServer, tmp_path: Path, stack: ExitStack):
    """They would be the metrics of a random replica."""
    proxy = stack.enter_context(Proxy(tmp_path, [server.port]))
    assert server.get("/metrics").status == 200
    for path in METRICS:
        for method in ("GET", "HEAD", "POST"):
            reply = proxy.request(method, path)
            assert reply.status in (400, 404), (method, path)
            assert b"http_requests" not in reply.body
        assert Problem.model_validate(proxy.get(path).json()).status in (400, 404)


def test_guarded_routes_need_a_key_in_every_spelling(tiny_bundle: Path, tmp_path: Path, stack: ExitStack):
    server = stack.enter_context(RunningServer(tiny_bundle, api_keys="secret"))
    proxy = stack.enter_context(Proxy(tmp_path, [server.port]))
    key = {"X-API-Key": "secret"}
    assert [proxy.request("GET", "/topics", None, headers).status for headers in ({}, key)] == [401, 200]
    for path in ("/topics", "/model", "/predict"):
        for before in ("", "/", "/.", "/x/..", "/health/..", "/health%2f..", "http://127.0.0.1"):
            for after in ("", "/", "%0A", "%0D%0A", "%00", "%20", "?", "%3F", "%23", ";x", ".", "/.", "/..%2f", "%2f"):
                for method in ("GET", "POST", "HEAD"):
                    reply = proxy.request(method, before + path + after, {"headline": "oil"})
                    assert reply.status in (400, 401, 404, 405), (method, before + path + after)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\r\n\r\n",
        b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n" % (b"x" * 40_000),
        b"GET / HTTP/1.1\r\nHost: a\r\nX: %b\r\n\r\n" % (b"x" * 40_000),
        b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    ],
)
def test_malformed_request_is_400(server: RunningServer, tmp_path: Path, stack: ExitStack, head: bytes):
    proxy = stack.enter_context(Proxy(tmp_path, [server.port]))
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as client:
        client.sendall(head)
        status, _, rest = client.makefile("rb").read().partition(b"\r\n")
    assert status.split()[1] == b"400"
    assert b"problem+json" in rest


def test_method_that_nginx_does_not_forward_is_405_and_a_problem(
    server: RunningServer, tmp_path: Path, stack: ExitStack
):
    proxy = stack.enter_context(Proxy(tmp_path, [server.port]))
    reply = proxy.request("TRACE", "/")
    check_problem(reply, 405)
    assert reply.headers["allow"] == "GET, HEAD, POST"


def test_proxy_without_room_for_a_body_is_503_with_retry_after_and_a_problem(
    server: RunningServer, tmp_path: Path, stack: ExitStack
):
    proxy = stack.enter_context(Proxy(tmp_path, [server.port]))
    bodies = next(tmp_path.rglob("client-bodies"))
    bodies.rmdir()
    bodies.touch()  # no file can be created in it, as on a full disk
    reply = proxy.request("POST", "/predict", b" " * 200_000, {"Content-Type": "application/json"})
    check_problem(reply, 503)
    assert reply.headers["retry-after"] == "1"
