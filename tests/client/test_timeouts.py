"""`timeout` is for the whole answer: name lookup, connection, request, headers and body."""

import gzip
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from topics_client import (
    TopicsClient,
    UnreachableError,
    deadline,
)

from tests.client.foreign_server import ForeignServer, http
from tests.client.mock_service import HEAD, SINGLE, Ask, awaited, blocking, both


def one_by_one(text: bytes) -> Iterator[bytes]:
    return (bytes([one]) for one in text)


DRIPS: dict[str, Callable[[], Iterable[bytes]]] = {
    "status line": lambda: one_by_one(b"HTTP/1.1 200 " + b"O" * 10_000),
    "headers": lambda: itertools.chain([HEAD], (b"X-%d: a\r\n" % number for number in range(90))),
    "continue": lambda: itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": lambda: itertools.chain([HEAD + b"Content-Length: 10000\r\n\r\n"], itertools.repeat(b"a")),
    "chunk size": lambda: itertools.chain([HEAD + b"Transfer-Encoding: chunked\r\n\r\n"], itertools.repeat(b"0")),
    "chunks": lambda: itertools.chain([HEAD + b"Transfer-Encoding: chunked\r\n\r\n"], itertools.repeat(b"1\r\na\r\n")),
    "gzip": lambda: itertools.chain(
        [HEAD + b"Content-Encoding: gzip\r\n\r\n"], one_by_one(gzip.compress(bytes(10_000_000)))
    ),
    "until closed": lambda: itertools.chain([HEAD + b"\r\n"], itertools.repeat(b"a")),
}


@both
@pytest.mark.parametrize("drip", DRIPS)
def test_timeout_holds_for_an_answer_that_comes_in_drips(ask: Ask, drip: str) -> None:
    with ForeignServer(DRIPS[drip], pause=0.04) as server:
        begun = time.monotonic()
        with pytest.raises(UnreachableError) as caught:
            ask(server.url, timeout=0.3)
        # The server sends for 4 s or longer; half of that is enough for a busy machine.
        assert time.monotonic() - begun < 2
    assert isinstance(caught.value.__cause__, httpx2.TransportError)


@pytest.mark.parametrize("drip", ["headers", "body"])
def test_timeout_holds_for_ready_and_a_transport_of_the_callers(drip: str) -> None:
    with ForeignServer(DRIPS[drip], pause=0.04) as server:
        begun = time.monotonic()
        with TopicsClient(server.url, timeout=0.3, transport=httpx2.HTTPTransport()) as client:
            assert client.ready() is False
        assert time.monotonic() - begun < 2


@both
def test_timeout_holds_for_a_server_that_does_not_read(ask: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        begun = time.monotonic()
        with pytest.raises(UnreachableError, match=r"(Connect|Write|Read)Timeout"):
            ask(url, headline="gold " * 4_000_000, timeout=0.3, retries=0)
        assert time.monotonic() - begun < 5


def test_timeout_holds_while_the_address_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()
    monkeypatch.setattr(deadline.socket, "getaddrinfo", lambda *_, **__: never.wait(5) and [])
    begun = time.monotonic()
    with pytest.raises(UnreachableError, match="ConnectTimeout"):
        blocking("http://topics.example", timeout=0.3)
    assert time.monotonic() - begun < 3
    never.set()


def test_second_address_is_tried_when_the_first_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 0)) for host in ("127.0.0.2", "127.0.0.1")]
    monkeypatch.setattr(
        deadline.socket,
        "getaddrinfo",
        lambda host, *rest, **more: found if host == "topics.example" else real(host, *rest, **more),
    )
    with ForeignServer(lambda: http(json.dumps(SINGLE).encode())) as server:
        assert blocking(server.url.replace("127.0.0.1", "topics.example")).best.topic == "gold"


@both
@pytest.mark.parametrize("host", ["topics.invalid", "a" * 300, "a..b"])
def test_host_without_an_address_is_unreachable_with_its_cause(ask: Ask, host: str) -> None:
    with pytest.raises(UnreachableError) as caught:
        ask(f"http://{host}", timeout=5, retries=0)
    assert isinstance(caught.value.__cause__, httpx2.ConnectError)


def test_threads_share_a_client_and_its_deadlines() -> None:
    with (
        ForeignServer(DRIPS["body"], pause=0.04) as slow,
        ForeignServer(lambda: http(json.dumps(SINGLE).encode())) as fast,
    ):
        with ThreadPoolExecutor(4) as pool:
            failing = pool.submit(blocking, slow.url, timeout=0.3)
            answers = list(pool.map(lambda _: blocking(fast.url, timeout=30), range(20)))
        assert isinstance(failing.exception(), UnreachableError)
    assert len(answers) == 20


def test_timeout_holds_through_a_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with ForeignServer(DRIPS["headers"], pause=0.04) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        begun = time.monotonic()
        with pytest.raises(UnreachableError):
            blocking("http://topics.example", timeout=0.3)
        assert time.monotonic() - begun < 2
        assert proxy.connections == 1


def test_no_limit_works_over_a_real_connection() -> None:
    with ForeignServer(lambda: http(json.dumps(SINGLE).encode())) as server:
        for ask in (blocking, awaited):
            assert ask(server.url, timeout=None).best.topic == "gold"
            assert ask(server.url, timeout=1e8).best.topic == "gold"
