"""Sockets that share an address."""

import socket
import sys
from collections import Counter
from contextlib import ExitStack

import pytest
from uvicorn import Config

from app.listeners import listeners

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems do not deal connections")


@linux
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_connections_are_dealt_among_those_that_listen(host: str):
    with ExitStack() as open_:
        sockets = [open_.enter_context(one) for one in listeners(Config("app", host=host, port=0, workers=3))]
        for one in sockets:
            one.setblocking(False)
        assert len(sockets) == 3
        assert len({one.getsockname() for one in sockets}) == 1
        held: Counter[int] = Counter()
        for listening in (1, 2, 3):
            sockets[listening - 1].listen(200)
            held.clear()
            for _ in range(60 * listening):
                open_.enter_context(socket.create_connection(sockets[0].getsockname()[:2]))
            for number, one in enumerate(sockets[:listening]):
                while True:
                    try:
                        open_.enter_context(one.accept()[0])
                    except BlockingIOError:
                        break
                    held[number] += 1
            assert held.total() == 60 * listening
            assert all(held[number] > 30 for number in range(listening))  # 5 standard deviations from 60


def test_where_the_system_does_not_deal_all_share_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.listeners.sys.platform", "darwin")
    (only,) = listeners(Config("app", port=0, workers=4))
    only.close()
