"""Deadline for a whole blocking request.

httpx2's timeouts apply to single socket operations: a server that sends a byte every second never exceeds a read
timeout of two seconds. Here each operation gets only the time left until the deadline, also while headers arrive.

httpx2 has no public way to set a network backend or to reach the transports of a client, so this module uses four
private attributes. Any release may rename them; client/pyproject.toml therefore limits httpx2 to releases that
tests/client/test_httpx2_contract.py has passed with.
"""

import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ssl import SSLContext
from typing import Any

import httpcore2
import httpx2

_due: ContextVar[float] = ContextVar("_due", default=float("inf"))


@contextmanager
def until(due: float) -> Iterator[None]:
    """Limit all operations of this thread to `due`, a time of `time.monotonic()`."""
    token = _due.set(due)
    try:
        yield
    finally:
        _due.reset(token)


def bound_client(client: httpx2.Client) -> None:
    """Make all transports of a client keep deadlines."""
    for transport in (client._transport, *client._mounts.values()):  # _mounts: the environment's proxies
        if transport is not None:
            bound(transport)


def bound(transport: httpx2.BaseTransport) -> None:
    """Make a transport keep deadlines; does nothing if it is not an httpx2.HTTPTransport."""
    if isinstance(transport, httpx2.HTTPTransport):
        # httpcore2's pools accept a network backend, but httpx2 has no argument for one.
        pool: Any = transport._pool
        if not isinstance(pool._network_backend, _Backend):
            pool._network_backend = _Backend(pool._network_backend)


def _left(timeout: float | None, error: type[Exception]) -> float | None:
    """Seconds left for one operation; raises `error` if the deadline has passed."""
    due = _due.get()
    if due == float("inf"):
        return timeout
    left = due - time.monotonic()
    if left <= 0:
        raise error("the time is up")
    return left if timeout is None else min(left, timeout)


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In pieces, because the wrapped stream applies the whole timeout to each part that the socket accepts.
        for at in range(0, len(buffer), 65536):
            self._stream.write(buffer[at : at + 65536], _left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = _left(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as the base class
        return self._stream.get_extra_info(info)


class _Backend(httpcore2.NetworkBackend):
    def __init__(self, backend: httpcore2.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = _addresses(host, port, _left(timeout, httpcore2.ConnectTimeout))
        for tried, address in enumerate(addresses, start=1):
            left = _left(timeout, httpcore2.ConnectTimeout)
            # Share the time equally, so that the first address does not use up all of it.
            share = None if left is None else left / (len(addresses) - tried + 1)
            try:
                return _Stream(self._backend.connect_tcp(address, port, share, local_address, socket_options))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if tried == len(addresses):
                    raise
        raise httpcore2.ConnectError(f"{host} has no address")

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.NetworkStream:
        left = _left(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._backend.connect_unix_socket(path, left, socket_options))


def _addresses(host: str, port: int, timeout: float | None) -> list[str]:
    """The host's IP addresses. getaddrinfo has no timeout, so it runs in a daemon thread that is abandoned if late."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return [host]
    resolved: queue.SimpleQueue[list[str] | OSError | UnicodeError] = queue.SimpleQueue()

    def resolve() -> None:
        try:
            resolved.put([str(address[4][0]) for address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)])
        except (OSError, UnicodeError) as error:
            resolved.put(error)

    threading.Thread(target=resolve, name="topics-client-dns", daemon=True).start()
    try:
        answer = resolved.get(timeout=timeout)
    except queue.Empty:
        raise httpcore2.ConnectTimeout(f"the address of {host} was not found in time") from None
    if isinstance(answer, Exception):
        raise httpcore2.ConnectError(str(answer)) from answer
    return answer
