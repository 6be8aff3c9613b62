"""End to end: a real process with its port and signals."""

import os
import selectors
import signal
import socket
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.operation.load import SINGLE
from tests.server import RunningServer


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_serves_predictions_until_sigterm_and_ends_with_0(tiny_bundle: Path, workers: int):
    with RunningServer(tiny_bundle, workers=workers) as server:
        reply = server.predict("Oil prices rise as OPEC cuts crude output")
        assert reply.status == 200
        assert reply.json()["predictions"][0]["topic"] == "crude"
        assert server.stop() == 0
    assert "Traceback" not in server.output


def test_last_of_a_burst_of_clients_is_answered_before_the_others_have_asked_many_times(tiny_bundle: Path):
    clients = 64
    answered: Counter[int] = Counter()
    with (
        RunningServer(tiny_bundle, access_log=False) as server,
        ExitStack() as open_,
        selectors.DefaultSelector() as ready,
    ):
        os.kill(server.pid, signal.SIGSTOP)  # so that all arrive at once, even on a slow machine
        for number in range(clients):
            connection = open_.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            connection.sendall(SINGLE)
            ready.register(connection, selectors.EVENT_READ, number)
        os.kill(server.pid, signal.SIGCONT)
        while len(answered) < clients:
            for key, _ in ready.select(10):
                connection, number = key.fileobj, key.data
                if connection.recv(65536).endswith(b"}"):  # head and body may arrive separately
                    answered[number] += 1
                    connection.sendall(SINGLE)
    # Twice; with one accepted per iteration of the event loop, 7 to 32 times.
    assert max(answered.values()) < 5


def test_answer_comes_in_one_piece(tiny_bundle: Path):
    with (
        RunningServer(tiny_bundle, access_log=False) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection,
    ):
        for _ in range(200):
            connection.sendall(SINGLE)
            assert connection.recv(65536).endswith(b"}")
