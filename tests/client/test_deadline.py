"""How the remaining time is passed to the operations of a connection, with a fake network and clock."""

import socket
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore2
import httpx2
import pytest
from topics_client import deadline

NOW = 100.0
TLS = ssl.create_default_context()


class Recording(httpcore2.NetworkBackend, httpcore2.NetworkStream):
    """Replaces the network, and records each operation with its timeout; `failing` addresses refuse."""

    def __init__(self, **failing: Exception) -> None:
        self.done: list[tuple[Any, ...]] = []
        self.failing = failing

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        self.done.append(("tcp", host, port, timeout, local_address, socket_options))
        if (error := self.failing.get(host.replace(".", "_"))) is not None:
            raise error
        return self

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.NetworkStream:
        self.done.append(("unix", path, timeout, socket_options))
        return self

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.done.append(("read", max_bytes, timeout))
        return b"gold"

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.done.append(("write", len(buffer), timeout))

    def close(self) -> None:
        self.done.append(("close",))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        self.done.append(("tls", ssl_context, server_hostname, timeout))
        return self

    def get_extra_info(self, info: str) -> Any:
        return f"the network's {info}"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline.time, "monotonic", lambda: NOW)


def bounded(network: Recording) -> httpcore2.NetworkBackend:
    """The network as a transport uses it after `bound`."""
    transport = httpx2.HTTPTransport()
    pool: Any = transport._pool
    pool._network_backend = network
    deadline.bound(transport)
    backend: httpcore2.NetworkBackend = pool._network_backend
    return backend


def stream(network: Recording) -> httpcore2.NetworkStream:
    opened = bounded(network).connect_tcp("127.0.0.1", 80)
    network.done.clear()
    return opened


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 80)) for one in addresses]
    monkeypatch.setattr(deadline.socket, "getaddrinfo", lambda *_, **__: found)


@pytest.mark.parametrize(("timeout", "left"), [(None, 3.0), (2.0, 2.0), (5.0, 3.0)])
def test_operation_gets_the_less_of_its_timeout_and_what_is_left(timeout: float | None, left: float) -> None:
    network = Recording()
    one = stream(network)
    with deadline.until(NOW + 3):
        assert one.read(9, timeout) == b"gold"
        one.write(b"oil", timeout)
        one.start_tls(TLS, "topics", timeout)
        bounded(network).connect_unix_socket("/socket", timeout, ["option"])
        bounded(network).connect_tcp("127.0.0.1", 80, timeout, "::1", ["option"])
    assert network.done == [
        ("read", 9, left),
        ("write", 3, left),
        ("tls", TLS, "topics", left),
        ("unix", "/socket", left, ["option"]),
        ("tcp", "127.0.0.1", 80, left, "::1", ["option"]),
    ]


@pytest.mark.parametrize("timeout", [None, 5.0])
def test_without_a_deadline_an_operation_keeps_its_timeout(timeout: float | None) -> None:
    network = Recording()
    one = stream(network)
    with deadline.until(NOW):
        pass  # ends with the block
    one.read(9, timeout)
    bounded(network).connect_tcp("127.0.0.1", 80, timeout)
    assert network.done == [("read", 9, timeout), ("tcp", "127.0.0.1", 80, timeout, None, None)]


@pytest.mark.parametrize("late", [0, 1])
def test_operation_after_the_deadline_is_not_begun(late: int) -> None:
    network = Recording()
    one, backend = stream(network), bounded(network)
    with deadline.until(NOW - late):
        for kind, operation in (
            (httpcore2.ReadTimeout, lambda: one.read(9, None)),
            (httpcore2.WriteTimeout, lambda: one.write(b"gold", None)),
            (httpcore2.ConnectTimeout, lambda: one.start_tls(TLS)),
            (httpcore2.ConnectTimeout, lambda: backend.connect_tcp("127.0.0.1", 80)),
            (httpcore2.ConnectTimeout, lambda: backend.connect_unix_socket("/socket")),
        ):
            with pytest.raises(kind, match="the time is up"):
                operation()
    assert network.done == []


@pytest.mark.parametrize("opened", ["tcp", "tls", "unix"])
def test_every_kind_of_connection_keeps_the_deadline(opened: str) -> None:
    network = Recording()
    one = stream(network)
    if opened == "tls":
        one = one.start_tls(TLS)
    elif opened == "unix":
        one = bounded(network).connect_unix_socket("/socket")
    with deadline.until(NOW), pytest.raises(httpcore2.ReadTimeout):
        one.read(1)


def test_large_request_is_written_in_pieces_of_64_kib() -> None:
    network = Recording()
    stream(network).write(bytes(150_000))
    assert network.done == [("write", 65_536, None), ("write", 65_536, None), ("write", 18_928, None)]


def test_closing_and_information_go_to_the_network() -> None:
    network = Recording()
    one = stream(network)
    one.close()
    assert one.get_extra_info("socket") == "the network's socket"
    assert network.done == [("close",)]


def test_each_address_gets_the_same_share_of_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "10.0.0.1", "10.0.0.2", "10.0.0.3")
    network = Recording(**{"10_0_0_1": httpcore2.ConnectTimeout("slow"), "10_0_0_2": httpcore2.ConnectError("refused")})
    with deadline.until(NOW + 6):
        bounded(network).connect_tcp("topics", 80)
    assert [done[:4] for done in network.done] == [
        ("tcp", "10.0.0.1", 80, 2.0),
        ("tcp", "10.0.0.2", 80, 3.0),
        ("tcp", "10.0.0.3", 80, 6.0),
    ]


def test_error_of_the_last_address_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "10.0.0.1", "10.0.0.2")
    network = Recording(**{"10_0_0_1": httpcore2.ConnectTimeout("slow"), "10_0_0_2": httpcore2.ConnectError("last")})
    with pytest.raises(httpcore2.ConnectError, match="last"):
        bounded(network).connect_tcp("topics", 80)
    assert len(network.done) == 2


def test_other_errors_end_the_search_for_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "10.0.0.1", "10.0.0.2")
    network = Recording(**{"10_0_0_1": RuntimeError("a fault")})
    with pytest.raises(RuntimeError, match="a fault"):
        bounded(network).connect_tcp("topics", 80)
    assert len(network.done) == 1


def test_host_without_any_address_is_a_connection_error(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch)
    with pytest.raises(httpcore2.ConnectError, match="topics has no address"):
        bounded(Recording()).connect_tcp("topics", 80)


@pytest.mark.parametrize("error", [OSError("no such host"), UnicodeError("label too long")])
def test_failed_lookup_is_a_connection_error_with_its_cause(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(deadline.socket, "getaddrinfo", fail)
    with pytest.raises(httpcore2.ConnectError, match=str(error)) as caught:
        bounded(Recording()).connect_tcp("topics", 80)
    assert caught.value.__cause__ is error


def test_lookup_asks_for_stream_sockets_of_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def look_up(*where: Any, **how: Any) -> list[Any]:
        asked.append((where, how))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 80))]

    monkeypatch.setattr(deadline.socket, "getaddrinfo", look_up)
    bounded(Recording()).connect_tcp("topics", 80)
    bounded(Recording()).connect_tcp("::1", 80)  # an address is not looked up
    assert asked == [(("topics", 80), {"type": socket.SOCK_STREAM})]


def test_transport_is_bound_once_and_one_of_another_kind_not_at_all() -> None:
    transport = httpx2.HTTPTransport()
    deadline.bound(transport)
    backend = transport._pool._network_backend
    deadline.bound(transport)
    assert transport._pool._network_backend is backend
    other = httpx2.MockTransport(lambda _: httpx2.Response(200))
    before = dict(vars(other))
    deadline.bound(other)
    assert vars(other) == before
