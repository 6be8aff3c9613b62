"""The log names the client, also behind a trusted proxy; every line has the same first fields."""

import json
import shutil
import socket
from pathlib import Path

import pytest

from app.settings import Settings
from tests.house.test_logs_page import fields
from tests.operation.test_behind_nginx import Proxy
from tests.server import RunningServer, free_port

pytestmark = pytest.mark.slow

FORGED = "198.51.100.9"
"""Sent by a client in its own X-Forwarded-For, in front of what a proxy appends."""


def logged_client(server: RunningServer, forwarded: str | None = None, path: str = "/health/live") -> str:
    """The `client` of one request."""
    request_id = f"id-{len(server.lines)}-{abs(hash(forwarded))}"
    headers = {"X-Request-ID": request_id} | ({"X-Forwarded-For": forwarded} if forwarded is not None else {})
    assert server.get(path, **headers).status == 200
    server.wait_line(request_id)
    [line] = [json.loads(line) for line in server.lines if request_id in line]
    return line["client"]


def test_without_a_trusted_proxy_the_client_is_the_peer(tiny_bundle: Path):
    with RunningServer(tiny_bundle) as server:
        assert logged_client(server) == "127.0.0.1"
        assert logged_client(server, FORGED) == "127.0.0.1"


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (None, "127.0.0.1"),
        ("203.0.113.7", "203.0.113.7"),
        (f"{FORGED}, 203.0.113.7", "203.0.113.7"),
        (f"{FORGED}, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        (f"{FORGED}, 203.0.113.7, ::ffff:10.1.2.3", "203.0.113.7"),
        ("203.0.113.7:5555", "203.0.113.7"),
        ("[2001:db8::7]:5555", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("", "127.0.0.1"),
        ("x" * 5000, "x" * 64),
    ],
)
def test_trusted_proxies_name_the_client(servers: dict[int, RunningServer], workers: int, forwarded: str, client: str):
    assert logged_client(servers[workers], forwarded) == client


@pytest.fixture(scope="module")
def servers(tiny_bundle: Path):
    """Services that trust loopback and 10.0.0.0/8, by number of workers."""
    trusted = {"trusted_proxies": " 127.0.0.1, 10.0.0.0/8"}
    with RunningServer(tiny_bundle, **trusted) as one, RunningServer(tiny_bundle, workers=2, **trusted) as two:
        yield {1: one, 2: two}


def test_ipv4_proxy_on_an_ipv6_socket_is_recognized(tiny_bundle: Path):
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    command = ("-m", "app", "serve", "--host", "::", "--port", "0")
    port = free_port()
    with RunningServer(tiny_bundle, (*command[:-1], str(port)), port=port, trusted_proxies="127.0.0.0/8") as server:
        assert logged_client(server, "203.0.113.7") == "203.0.113.7"
        assert logged_client(server) == "127.0.0.1"


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_client_behind_the_shipped_nginx_is_logged_and_cannot_choose_its_address(tiny_bundle: Path, tmp_path: Path):
    with (
        RunningServer(tiny_bundle, trusted_proxies="127.0.0.2") as untrusting,
        RunningServer(tiny_bundle, trusted_proxies="127.0.0.1") as server,
        Proxy(tmp_path, [server.port]) as proxy,
    ):
        assert proxy.request("GET", "/model", headers={"X-Forwarded-For": FORGED, "X-Request-ID": "mine"}).status == 200
        server.wait_line('"request_id":"mine"')
        [line] = [json.loads(line) for line in server.lines if '"mine"' in line]
        # nginx appends its peer, which is 127.0.0.1 and trusted here, so that the next address counts.
        assert line["client"] == FORGED
        assert logged_client(untrusting, FORGED) == "127.0.0.1"


def test_every_line_has_the_documented_shape_whatever_is_switched_on(tiny_bundle: Path):
    shapes = []
    for workers, texts in ((1, False), (2, True)):
        with RunningServer(tiny_bundle, workers=workers, log_headlines=texts, metrics_port=free_port()) as server:
            server.predict("oil")
            server.request("POST", "/predict", b"{")
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
                raw.sendall(b"nonsense\r\n\r\n")
                raw.recv(1000)
            server.wait_line('"status":400')
        lines = [json.loads(line) for line in server.lines]
        assert all(list(line)[:3] == ["timestamp", "level", "event"] for line in lines)
        requests = [line for line in lines if line["event"] == "request"]
        assert len({tuple(line) for line in requests}) == 1
        assert {line["client"] for line in requests} == {"127.0.0.1"}
        shapes.append(list(requests[0]))
    assert shapes == [fields()[:-1], fields()]
    assert Settings.model_fields["log_headlines"].default is False
