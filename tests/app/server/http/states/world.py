"""Connections of one process, what may happen to them, and what must hold all the time."""

import random
import weakref
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from app.api.connection_errors import ConnectionErrors
from app.server.http import connections
from app.server.http.connections import CONNECTIONS_KEY, Connections
from app.server.http.protocol import HttpProtocol
from tests.app.server.http.states.client import Client
from tests.app.server.http.states.scripted_app import ScriptedApp
from tests.app.server.http.states.scripted_request import ENDLESS, random_request
from tests.app.server.http.states.virtual_loop import VirtualLoop

KEEP_ALIVE_SECONDS = 5


class World:
    """Steps that cannot be done at the moment do nothing."""

    def __init__(self, choose: random.Random) -> None:
        self.loop = VirtualLoop()
        self._choose = choose
        self._names = 0
        self._stopping = False
        self.clients: list[Client] = []
        self.app = ScriptedApp(self.loop)
        self.limits = Connections(100, ConnectionErrors())
        self.state = {CONNECTIONS_KEY: self.limits}
        self.server_state = ServerState()
        self.config = uvicorn.Config(
            self.app, interface="asgi3", ws="none", log_config=None, timeout_keep_alive=KEEP_ALIVE_SECONDS
        )
        self.config.load()

    def step(self) -> None:
        """Something happens."""
        choose = self._choose
        if not self.clients or choose.random() < 0.05:
            if len(self.clients) < 4 and not self._stopping:
                protocol = HttpProtocol(self.config, self.server_state, self.state, _loop=self.loop)
                self.clients.append(Client(self.loop, protocol))
            return
        client = self.clients[0] if choose.random() < 0.6 else choose.choice(self.clients)
        steps: dict[Any, float] = {
            self._send: 20,
            self._blank_lines: 2,
            self._deliver: 25,
            self._iterate: 15,
            self._settle: 8,
            self._wait: 6,
            self._go_on: 8,
            self._stop_reading: 3,
            self._read: 3,
            self._reset: 1,
            self._half_close: 1,
            self._give_way: 1,
            self._shut_down: 0.4,
        }
        choose.choices(list(steps), list(steps.values()))[0](client)

    def _send(self, client: Client) -> None:
        self._names += 1
        request = random_request(self._choose, f"r{self._names}")
        client.pending += request.raw
        client.requests.append(request)

    def _blank_lines(self, client: Client) -> None:
        client.pending += self._choose.choice((b"\r\n", b"\r\n\r\n"))

    def _deliver(self, client: Client) -> None:
        client.deliver(self._choose.choice((1, 20, 60, 200, 600, 3000, 100_000, 100_000)))

    def _iterate(self, _: Client) -> None:
        for _ in range(self._choose.choice((1, 1, 2, 10))):
            self.loop.run_once()

    def _settle(self, _: Client) -> None:
        self.loop.settle()
        self.check()

    def _wait(self, _: Client) -> None:
        self.loop.now += self._choose.choice((0.005, 0.02, 1.1, 2.6, 5.1, 10.1, 3600.0))

    def _go_on(self, _: Client) -> None:
        self.app.go_on()

    def _stop_reading(self, client: Client) -> None:
        client.transport.client_reads = False

    def _read(self, client: Client) -> None:
        client.transport.read_by_client(self._choose.choice((1, 500, 3000, 100_000)))

    def _reset(self, client: Client) -> None:
        client.gone = True
        client.transport.lose(ConnectionResetError())

    def _half_close(self, client: Client) -> None:
        if client.transport.reading:
            client.gone = True
            client.protocol.eof_received()
            client.transport.close()

    def _give_way(self, client: Client) -> None:
        if not client.transport.closed and client.protocol.waiting() is not None:
            client.protocol.give_way()

    def _shut_down(self, _: Client) -> None:
        if not self._stopping:
            self._stopping = True
            for protocol in list(self.server_state.connections):
                protocol.shutdown()

    def check(self) -> None:
        """What must hold whenever no callback is ready."""
        assert not self.loop.errors, self.loop.errors
        open_ones = [client.protocol for client in self.clients if not client.transport.closed]
        assert self.limits.request_bytes == sum(protocol._reserved for protocol in open_ones)
        assert self.limits.request_bytes <= self.limits.max_request_bytes
        for protocol in open_ones:
            self._check_open(protocol, protocol.transport)

    def _check_open(self, protocol: HttpProtocol, transport: Any) -> None:
        cycle, unparsed = protocol.cycle, protocol._unparsed
        is_checked = transport.unread > 0 and self.limits._timer is not None
        if transport.closing:
            assert is_checked
            return
        answering = cycle is not None and not cycle.response_complete
        assert answering or is_checked or protocol._timer.at is not None, "nothing will end this connection"
        assert answering or transport.reading, "nothing will resume reading"
        held = [len(one.body) for one, _ in protocol.pipeline] or [len(cycle.body) if answering else 0]
        if unparsed is not None:
            assert len(unparsed._data) <= 2 * len(unparsed), "parsed bytes are kept"
            held.append(len(unparsed))
        if protocol._hung_up:
            assert protocol._reserved <= (len(cycle.body) if cycle else 0), "discarded bytes are reserved"
        elif protocol._error is None:
            assert sum(held) <= protocol._received + connections.FREE_BYTES, "bytes that are not counted"
            assert protocol._received <= protocol._reserved + connections.FREE_BYTES, "bytes that are not reserved"

    def finish(self) -> list[weakref.ref[HttpProtocol]]:
        """Everything is sent, read and answered, then time passes; returns what should be free afterwards."""
        for _ in range(400):
            self.loop.settle()
            self.check()
            if not self._go_further():
                break
        for client in self.clients:
            client.check_that_all_are_answered(self._stopping)
        for _ in range(80):
            self.loop.now += 0.5
            self.loop.settle()
            self._go_further()
        for client in self.clients:
            if not client.transport.closed:
                assert any(request.script in ENDLESS for request in client.requests), "the connection stays open"
                self._reset(client)
        self.loop.settle()
        self.loop.now += 10
        self.loop.settle()
        limits = self.limits
        assert not any((limits._open, limits._large, limits._unread, limits._stalled, limits.request_bytes))
        assert not self.server_state.connections
        assert not self.server_state.tasks, "a request does not end"
        assert not self.loop.timers()
        assert set(self.app.calls.values()) <= {1}
        self.check()
        for client in self.clients:
            client.answers()
        return [weakref.ref(client.protocol) for client in self.clients]

    def _go_further(self) -> bool:
        """Let every client and answer do its next step; returns False if there is none."""
        further = bool(self.app.waiting)
        self.app.go_on()
        for client in self.clients:
            further |= client.transport.unread > 0 or bool(client.pending and client.transport.reading)
            client.transport.client_reads = True
            client.transport.read_by_client(1_000_000)
            client.deliver(100_000)
        return further
