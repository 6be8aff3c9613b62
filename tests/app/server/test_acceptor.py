"""Acceptor: connections on loopback that wait at listening sockets."""

import asyncio
import contextlib
import logging
import resource
import socket
from collections.abc import Iterator

import pytest

from app.server import acceptor
from app.server.acceptor import Acceptor

AT_ONCE = 16
"""Instead of 256, so that all clients of a test fit into the backlog."""


class Client(asyncio.Protocol):
    """Protocol that closes its connection at once."""

    made = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        Client.made += 1
        transport.close()


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    monkeypatch.setattr(acceptor, "AT_ONCE", AT_ONCE)
    Client.made = 0
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listening:
        yield listening


@contextlib.contextmanager
def connected(listener: socket.socket, clients: int) -> Iterator[None]:
    with contextlib.ExitStack() as open_:
        for _ in range(clients):
            open_.enter_context(socket.create_connection(listener.getsockname()))
        yield


async def until(made: int, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while Client.made < made:  # noqa: ASYNC110 - what is made knows nothing of this test
            await asyncio.sleep(0.001)


def test_connections_that_wait_are_taken_in_many_a_turn_of_the_loop_but_not_all(listener: socket.socket):
    async def main() -> None:
        taking = Acceptor(listener, Client)
        while not Client.made:  # noqa: ASYNC110 - turn by turn
            await asyncio.sleep(0)
        assert AT_ONCE <= Client.made <= 2 * AT_ONCE  # the next one may be accepted before this check
        await until(8 * AT_ONCE)
        taking.close()

    with connected(listener, 8 * AT_ONCE):
        asyncio.run(main())


def test_patient_acceptor_leaves_connections_to_another_worker(listener: socket.socket):
    async def main() -> None:
        own = listener.dup()
        patient, prompt = Acceptor(listener, None, patience_seconds=0.2), Acceptor(own, Client)  # type: ignore[arg-type]
        for _ in range(5):
            with connected(own, AT_ONCE):
                made = Client.made
                await until(made + AT_ONCE)
        await asyncio.sleep(0.3)  # and finds none
        patient.close()
        prompt.close()

    asyncio.run(main())


def test_patient_acceptor_accepts_all_that_have_waited_and_keeps_watching(listener: socket.socket):
    async def main() -> None:
        patient = Acceptor(listener, Client, patience_seconds=0.1)
        for _ in range(2):
            with connected(listener, 3 * AT_ONCE):
                made = Client.made
                await asyncio.sleep(0.05)
                assert Client.made == made
                await until(made + 3 * AT_ONCE, 1)
        patient.close()

    asyncio.run(main())


def test_patient_acceptor_waits_for_a_socket_that_listens_later(monkeypatch: pytest.MonkeyPatch):
    Client.made = 0
    monkeypatch.setattr(acceptor, "RETRY_SECONDS", 0.01)

    async def main() -> None:
        patient = Acceptor(bound, Client, patience_seconds=0.01)
        await asyncio.sleep(0.1)
        bound.listen()
        with connected(bound, 1):
            await until(1)
        patient.close()

    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        asyncio.run(main())


@pytest.mark.parametrize("patience", [0.0, 0.1], ids=["its own", "another's"])
@pytest.mark.parametrize("wait", [0.0, 0.05])
def test_closing_takes_what_waits_and_is_done_when_it_is_open(listener: socket.socket, patience: float, wait: float):
    async def main() -> None:
        taking = Acceptor(listener, Client, patience)
        await asyncio.sleep(wait)
        taking.close()
        taking.close()
        await taking.wait_closed()
        assert Client.made == 2 * AT_ONCE
        await asyncio.sleep(patience)  # and nothing comes after it

    with connected(listener, 2 * AT_ONCE):
        asyncio.run(main())
    assert listener.fileno() == -1


def test_process_without_file_descriptors_logs_it_and_accepts_connections_when_it_has_some(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(acceptor, "RETRY_SECONDS", 0.05)

    async def main() -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        highest = max(client.fileno(), listener.fileno()) + 1
        fillers = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))
        try:
            with contextlib.suppress(OSError):
                while True:
                    fillers.append(listener.dup())
            taking = Acceptor(listener, Client)
            await asyncio.sleep(0.2)
            assert Client.made == 0
        finally:
            for filler in fillers:
                filler.close()
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        await until(1)
        taking.close()

    with caplog.at_level(logging.WARNING), socket.create_connection(listener.getsockname()) as client:
        asyncio.run(main())
    assert 1 < caplog.text.count("connections cannot be accepted (Too many open files); trying again") < 10
