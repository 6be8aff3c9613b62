"""Listening sockets of one service share an address; a second service cannot use it."""

import errno
import re
import socket
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack

import pytest

from app.server import sockets as module
from app.server.sockets import ListenError, listeners
from tests.server import ROOT, free_port

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems do not deal connections")


@pytest.fixture
def opened() -> "ExitStack":
    with ExitStack() as stack:
        yield stack


def listen(stack: ExitStack, host: str, port: int = 0, workers: int = 1) -> list[list[socket.socket]]:
    each = listeners(host, port, workers)
    for sockets in each:
        for one in sockets:
            stack.enter_context(one)
    return each


@linux
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_connections_are_distributed_among_the_workers(opened: ExitStack, host: str):
    sockets = [one for (one,) in listen(opened, host, workers=3)]
    assert len({one.getsockname() for one in sockets}) == 1
    for _ in range(180):
        opened.enter_context(socket.create_connection(sockets[0].getsockname()[:2]))
    held: Counter[int] = Counter()
    for number, one in enumerate(sockets):
        one.setblocking(False)
        while True:
            try:
                opened.enter_context(one.accept()[0])
            except BlockingIOError:
                break
            held[number] += 1
    assert held.total() == 180
    assert all(held[number] > 30 for number in range(3))  # 5 standard deviations from 60


def test_workers_share_one_socket_on_systems_without_reuseport(opened: ExitStack, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.server.sockets.sys.platform", "darwin")
    assert len(listen(opened, "127.0.0.1", workers=4)) == 1


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("others", [1, 2])
def test_second_service_is_refused_at_once(opened: ExitStack, workers: int, others: int):
    """In every state of the first service, also before a worker has started or accepts."""
    port = listen(opened, "127.0.0.1", workers=workers)[0][0].getsockname()[1]
    with pytest.raises(ListenError, match=f"--port {port}: .*Address already in use"):
        listen(opened, "127.0.0.1", port, others)


@linux
def test_of_services_that_start_at_the_same_moment_one_gets_the_port():
    port = free_port()
    code = f"""
import sys
from app.server.sockets import ListenError, listeners
sys.stdin.readline()
try:
    each = listeners("127.0.0.1", {port}, 2)
except ListenError:
    sys.exit(3)
print(flush=True)
sys.stdin.readline()
"""
    command = [sys.executable, "-c", code]
    rivals = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) for _ in range(4)
    ]
    for one in rivals:
        one.stdin.write(b"\n")
    got = [one.stdout.readline() for one in rivals]
    for one in rivals:
        one.communicate(b"\n" if one.poll() is None else None)
    assert sorted(got) == [b"", b"", b"", b"\n"]
    assert sorted(one.returncode for one in rivals) == [0, 3, 3, 3]


@pytest.mark.parametrize("workers", [1, 2])
def test_double_colon_takes_ipv4_and_ipv6_whatever_the_number_of_workers(opened: ExitStack, workers: int):
    port = listen(opened, "::", workers=workers)[0][0].getsockname()[1]
    for address in ("127.0.0.1", "::1"):
        opened.enter_context(socket.create_connection((address, port)))


@pytest.mark.parametrize("workers", [1, 2])
def test_name_with_two_addresses_listens_at_both_with_one_port(
    opened: ExitStack, workers: int, monkeypatch: pytest.MonkeyPatch
):
    found = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 0, 0, 0))]
    found.append((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)))
    monkeypatch.setattr(module.socket, "getaddrinfo", lambda *_, **__: found)
    each = listen(opened, "localhost", workers=workers)
    monkeypatch.undo()
    assert [len(sockets) for sockets in each] == [2] * workers
    port = each[0][0].getsockname()[1]
    for address in ("127.0.0.1", "::1"):
        opened.enter_context(socket.create_connection((address, port)))


@pytest.mark.parametrize("workers", [1, 2])
def test_double_colon_is_ipv4_where_the_kernel_has_no_ipv6(
    opened: ExitStack, workers: int, monkeypatch: pytest.MonkeyPatch
):
    class NoIpv6(socket.socket):
        def __init__(self, family: int) -> None:
            if family == socket.AF_INET6:
                raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
            super().__init__(family)

    monkeypatch.setattr(module.socket, "socket", NoIpv6)
    each = listen(opened, "::", workers=workers)
    monkeypatch.undo()
    assert each[0][0].getsockname()[0] == "0.0.0.0"
    opened.enter_context(socket.create_connection(("127.0.0.1", each[0][0].getsockname()[1])))


@pytest.mark.parametrize("host", ["no.such.host.invalid", "256.1.1.1", "x" * 70, "192.0.2.1"])
def test_host_that_cannot_be_bound_is_named_in_one_sentence(host: str):
    with pytest.raises(ListenError, match=f"--host {host} --port 0: cannot listen \\(.+\\)\\.$"):
        listeners(host, 0, 2)


@pytest.mark.parametrize("host", ["[::1]", "[::1]:80", "localhost:80", "http://localhost"])
def test_host_with_brackets_scheme_or_port_is_to_be_given_without(host: str):
    rule = "--host is an address or a name without brackets, scheme or port, such as ::1."
    with pytest.raises(ListenError, match=rf"^--host {re.escape(host)} --port 0: cannot listen \(.+\); {rule}$"):
        listeners(host, 0)


def test_nothing_stays_open_when_one_address_of_several_is_refused(opened: ExitStack, monkeypatch: pytest.MonkeyPatch):
    taken = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
    port = taken.getsockname()[1]
    found = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0))]
    found.append((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)))
    with monkeypatch.context() as patch:
        patch.setattr(module.socket, "getaddrinfo", lambda *_, **__: found)
        with pytest.raises(ListenError):
            listeners("localhost", port, 2)
    listen(opened, "::1", port)  # otherwise the port would be in use
