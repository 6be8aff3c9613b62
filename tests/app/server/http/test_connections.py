"""Limits on all connections of a process: bytes, number and time. A real uvicorn on loopback."""

import asyncio
import json
import select
import socket
import struct
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app.api.connection_errors import ConnectionErrors
from app.main import create_app
from app.server.http import bounded_connection, connections, protocol
from app.server.http.connections import Connections
from app.settings import load_settings
from tests.app.metrics import read
from tests.app.server.http.test_protocol import BODY, HEAD, exchange, in_thread, problem, statuses, whole
from tests.waiting import wait_for

GET_PAGE = b"GET /model HTTP/1.1\r\nHost: x\r\n\r\n"
LATE = b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n"
TEXTS = json.dumps({"headlines": ["oil"] * 1000, "top_k": 3}).encode()
BATCH = HEAD.replace(b"/predict", b"/predict/batch") + b"Content-Length: %d\r\n\r\n%b" % (len(TEXTS), TEXTS)
MAX_BODY = 300_000


@pytest.fixture
def app(tiny_bundle: Path) -> FastAPI:
    return create_app(load_settings(model=tiny_bundle, max_body_bytes=MAX_BODY, access_log=False))


@contextmanager
def serving(app: FastAPI) -> Iterator[tuple[int, Connections]]:
    """The port, and the Connections of the server."""
    made: list[Connections] = []
    with pytest.MonkeyPatch.context() as patch:
        init = Connections.__init__

        def noted(self: Connections, *args: Any) -> None:
            init(self, *args)
            made.append(self)

        patch.setattr(Connections, "__init__", noted)
        with in_thread(app, timeout_keep_alive=60) as port:
            yield port, made[0]


def connect(port: int, stack: ExitStack, sent: bytes = b"") -> socket.socket:
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
    connection.sendall(sent)
    return connection


def stop(held: Connections) -> None:
    """Do with all connections what uvicorn does when the process stops."""
    for one in list(held._open):
        one.loop.call_soon_threadsafe(one.shutdown)


def connect_in_body(port: int, held: Connections, stack: ExitStack) -> socket.socket:
    """A connection that has sent a request but for its last byte, when the server has read this."""
    client = connect(port, stack, whole()[:-1])
    wait_for(lambda: any(one._in_body() for one in held._open))
    return client


def add_late_route(app: FastAPI) -> threading.Event:
    """Add the route of LATE, which answers when the returned event is set."""
    answer = threading.Event()
    app.router.routes.insert(0, Route("/late", lambda _: Response() if answer.wait(60) else None))
    return answer


def everything(connection: socket.socket) -> bytes:
    """All bytes until the server closes the connection."""
    received = b""
    try:
        while data := connection.recv(65536):
            received += data
    except ConnectionError:
        pass
    return received


def finish(connection: socket.socket, sent: bytes) -> bytes:
    """Send the rest of a request; returns the first bytes of the answer."""
    with suppress(ConnectionError):  # it was refused and closed meanwhile
        connection.sendall(sent)
    return connection.recv(65536)


@contextmanager
def paused(held: Connections) -> Iterator[None]:
    """The server's event loop does nothing in a `with` block."""
    resume = threading.Event()
    one = next(iter(held._open))
    one.loop.call_soon_threadsafe(resume.wait, 10)
    yield
    resume.set()


@contextmanager
def hanging(port: int, stack: ExitStack) -> Iterator[None]:
    """The server's event loop hangs in a `with` block, while it reads; uvloop then calls timers before reading more."""
    hangs, resume = threading.Event(), threading.Event()
    received = protocol.HttpProtocol.data_received

    def data_received(self: protocol.HttpProtocol, data: bytes) -> None:
        if data == b"hang":
            hangs.set()
            resume.wait(10)
        received(self, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocol.HttpProtocol, "data_received", data_received)
        connect(port, stack, b"hang")
        assert hangs.wait(10)
        yield
        resume.set()


def rejected(app: FastAPI, reason: str) -> float:
    text = asyncio.run(app.state.service.metrics.exposition()).decode()
    return read(text)("topics_rejected_total", reason=reason)


def never_read(port: int, stack: ExitStack, request: bytes = GET_PAGE * 1000) -> socket.socket:
    """A connection whose client sends requests until the server reads no more, and reads no answer."""
    connection = stack.enter_context(socket.socket())
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    connection.settimeout(0.5)
    with suppress(TimeoutError, ConnectionError):
        while True:
            connection.sendall(request)
    return connection


def test_client_that_reads_nothing_loses_its_connection(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connections, "WRITE_SECONDS", 1.0)
    with serving(app) as (port, held), ExitStack() as stack:
        never_read(port, stack)
        wait_for(lambda: not held._open)
        assert rejected(app, "slow_reader") == 1
        assert held.request_bytes == 0
        assert statuses(exchange(port, whole(b"Connection: close"))) == [200]


def test_closing_connection_waits_for_its_client_for_a_limited_time(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connections, "WRITE_SECONDS", 0.4)
    with serving(app) as (port, held), ExitStack() as stack:
        never_read(port, stack)
        for one in held._open:
            one.loop.call_soon_threadsafe(one.transport.close)
        wait_for(lambda: not held._open)


def test_client_that_does_not_read_delays_the_end_of_the_process_for_a_limited_time(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
):
    async def long() -> AsyncIterator[bytes]:
        for _ in range(500):
            yield b" " * 65536

    monkeypatch.setattr(bounded_connection, "UNREAD_SECONDS", 0.1)
    app.router.routes.insert(0, Route("/long", lambda _: StreamingResponse(long())))
    with serving(app) as (port, held), ExitStack() as stack:
        connect(port, stack, b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_for(lambda: bool(held._unread))
        stop(held)
        wait_for(lambda: not held._open, seconds=5)  # WRITE_SECONDS is longer
        assert rejected(app, "slow_reader") == 1


def test_request_that_is_still_arriving_at_the_end_of_the_process_is_503(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    """Otherwise uvicorn cancels it, and logs a traceback."""
    monkeypatch.setattr(bounded_connection, "UNREAD_SECONDS", 0.1)
    with serving(app) as (port, held), ExitStack() as stack:
        client = connect_in_body(port, held, stack)
        stop(held)
        received = everything(client)
        assert statuses(received) == [503]
        assert "shutting down" in problem(received)["detail"]
        assert rejected(app, "not_ready") == 1


def test_connection_used_before_may_send_a_request_when_the_process_stops(app: FastAPI):
    with serving(app) as (port, held), ExitStack() as stack:
        client = connect(port, stack, whole())
        assert b" 200 OK" in client.recv(65536)
        stop(held)
        time.sleep(0.1)
        client.sendall(whole())
        received = everything(client)
        assert statuses(received) == [200]
        assert b"connection: close" in received


def test_idle_connections_are_closed_when_the_process_stops(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bounded_connection, "FRESH_SECONDS", 0.1)
    with serving(app) as (port, held), ExitStack() as stack:
        used, fresh = connect(port, stack, whole()), connect(port, stack)
        assert b" 200 OK" in used.recv(65536)
        used.sendall(b"\r\n")  # which some clients send after a body, and which begins no request
        wait_for(lambda: len(held._open) == 2 and any(one._received for one in held._open))
        stop(held)
        assert (everything(used), everything(fresh)) == (b"", b"")


def test_pipelined_request_without_its_body_is_503_when_the_process_stops(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(bounded_connection, "UNREAD_SECONDS", 0.1)
    answer = add_late_route(app)
    with serving(app) as (port, held), ExitStack() as stack:
        client = connect(port, stack, LATE)
        wait_for(lambda: any(one._in_progress() for one in held._open))
        client.sendall(whole().removesuffix(BODY))
        [one] = held._open
        wait_for(lambda: bool(one.pipeline))
        answer.set()
        assert b" 200 OK" in client.recv(65536)
        stop(held)
        assert statuses(everything(client)) == [503]


def test_pipelined_request_that_waits_for_100_continue_closes_its_connection_when_the_process_stops(app: FastAPI):
    answer = add_late_route(app)
    with serving(app) as (port, held), ExitStack() as stack:
        client = connect(port, stack, LATE)
        wait_for(lambda: any(one._in_progress() for one in held._open))
        client.sendall(whole(b"Expect: 100-continue").removesuffix(BODY))
        [one] = held._open
        wait_for(lambda: bool(one.pipeline))
        stop(held)
        wait_for(lambda: one._stopping)
        answer.set()
        received = b""
        while b" 100 Continue" not in received:
            received += client.recv(65536)
        client.sendall(BODY)
        assert b"connection: close" in everything(client)


@pytest.mark.parametrize("before", [b"", whole()])
def test_head_that_arrives_in_part_when_the_process_stops_is_waited_for(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, before: bytes
):
    monkeypatch.setattr(bounded_connection, "FRESH_SECONDS", 0.1)
    monkeypatch.setattr(bounded_connection, "UNREAD_SECONDS", 0.5)
    with serving(app) as (port, held), ExitStack() as stack:
        clients = [connect(port, stack, before) for _ in range(2)]
        for client in clients:
            assert not before or b" 200 OK" in client.recv(65536)
            client.sendall(whole()[:10])
        wait_for(lambda: sum(one._arriving() for one in held._open) == 2)
        stop(held)
        time.sleep(0.3)
        clients[0].sendall(whole()[10:])
        assert [statuses(everything(client)) for client in clients] == [[200], [503]]


def test_rest_of_a_request_that_arrives_while_the_loop_hangs_is_read_when_the_process_stops(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(bounded_connection, "UNREAD_SECONDS", 0.3)
    with serving(app) as (port, held), ExitStack() as stack:
        client = connect_in_body(port, held, stack)
        [one] = held._open
        stop(held)
        wait_for(lambda: one._stopping)
        with hanging(port, stack):
            client.sendall(whole()[-1:])
            time.sleep(0.5)
        assert statuses(everything(client)) == [200]


def test_client_that_sends_a_body_after_its_answer_is_closed_as_an_idle_one_when_the_process_stops(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(bounded_connection, "FRESH_SECONDS", 0.1)
    request = whole().replace(b"/predict", b"/nowhere")
    with serving(app) as (port, held), ExitStack() as stack:
        client = connect(port, stack, request[:-1])
        assert b" 404 " in client.recv(65536)
        stop(held)
        time.sleep(0.3)
        client.sendall(request[-1:])
        wait_for(lambda: not held._open, seconds=20)


def test_client_that_keeps_a_refused_connection_open_does_not_delay_the_end_of_the_process(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
):
    """Otherwise uvicorn logs an error when FINISH_SECONDS have passed."""
    monkeypatch.setattr(bounded_connection, "UNREAD_SECONDS", 0.1)
    monkeypatch.setattr(bounded_connection, "LAST_SECONDS", 0.3)
    monkeypatch.setattr(bounded_connection, "LINGER_SECONDS", 60)
    with serving(app) as (port, held), ExitStack() as stack:
        client = connect(port, stack, whole()[:10])
        wait_for(lambda: any(one._arriving() for one in held._open))
        stop(held)
        wait_for(lambda: not held._open, seconds=20)
        assert statuses(everything(client)) == [503]


def test_requests_in_progress_are_answered_after_lingering_connections_are_closed(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(bounded_connection, "LAST_SECONDS", 0.2)
    answer = add_late_route(app)
    with serving(app) as (port, held), ExitStack() as stack:
        clients = [connect(port, stack, LATE) for _ in range(2)]
        wait_for(lambda: sum(one._in_progress() for one in held._open) == 2)
        stop(held)
        time.sleep(0.4)
        assert len(held._open) == 2
        answer.set()
        received = [everything(client) for client in clients]
        assert [statuses(one) for one in received] == [[200], [200]]
        assert all(b"connection: close" in one for one in received)


def test_request_that_arrives_while_the_loop_hangs_is_answered_after_the_keep_alive_time(app: FastAPI):
    with in_thread(app, timeout_keep_alive=0.3) as port, ExitStack() as stack:
        client = connect(port, stack, whole())
        assert b" 200 OK" in client.recv(65536)
        with hanging(port, stack):
            client.sendall(whole(b"Connection: close"))
            time.sleep(0.5)
        assert statuses(everything(client)) == [200]


@pytest.mark.parametrize("together", [False, True])
def test_client_that_pipelines_gets_the_whole_of_an_answer_that_closes_its_connection(app: FastAPI, together: bool):
    """As each answer does while the process drains. Closed with unread requests, the connection would be reset."""

    async def long() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 65536

    route = Route("/long", lambda _: StreamingResponse(long(), headers={"connection": "close"}))
    app.router.routes.insert(0, route)
    with serving(app) as (port, held), ExitStack() as stack:
        client = connect(port, stack, b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n" + (whole() if together else b""))
        wait_for(lambda: bool(held._unread))
        [one] = held._open
        if not together:
            client.sendall(whole())
        wait_for(lambda: bool(one.pipeline or one._unparsed))
        client.sendall(whole())  # stays in the kernel, because one request is read ahead
        size = 0
        while data := client.recv(65536):
            size += len(data)
        assert size > 100 * 65536
        assert one._unparsed is None
        wait_for(lambda: not held._open, seconds=20)  # although the client keeps its end open
        assert held.request_bytes == 0


def test_client_that_reads_slowly_keeps_its_connection(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connections, "WRITE_SECONDS", 3.0)
    with serving(app) as (port, _), socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(BATCH * 30 + whole(b"Connection: close"))
        received, begun = b"", time.monotonic()
        while data := connection.recv(50_000):
            received += data
            if time.monotonic() - begun < 5:
                time.sleep(0.02)
    assert statuses(received) == [200] * 31


def test_pipeline_is_no_longer_than_what_is_read_at_once(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    """At most two requests of a connection exist at a time."""
    longest = 0
    start = protocol.HttpProtocol._start_asgi_task

    def noted(self: Any, *args: Any) -> None:
        nonlocal longest
        longest = max(longest, len(self.pipeline))
        start(self, *args)

    monkeypatch.setattr(protocol.HttpProtocol, "_start_asgi_task", noted)
    with serving(app) as (port, held), ExitStack() as stack:
        never_read(port, stack)
        assert longest <= 1
        assert held.request_bytes <= 2 * 256 * 1024
        assert all(len(one.pipeline) <= 1 for one in held._open)


def test_unread_answers_have_a_limit_and_the_oldest_connection_is_closed_first(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connections, "MAX_UNREAD_BYTES", 500_000)
    with serving(app) as (port, held), ExitStack() as stack:
        clients = [never_read(port, stack, BATCH) for _ in range(8)]
        assert sum(one.transport.get_write_buffer_size() for one in held._open) <= 500_000
        assert 1 <= len(held._open) < 8
        ports = {one.client[1] for one in held._open}
        assert [client.getsockname()[1] in ports for client in clients] == sorted(
            client.getsockname()[1] in ports for client in clients
        )


def test_arriving_bodies_above_the_limit_are_503(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connections, "MIN_REQUEST_BYTES", 100_000)
    head = HEAD + b"Content-Length: %d\r\n\r\n" % MAX_BODY
    with serving(app) as (port, held), ExitStack() as stack:
        waiting = [connect(port, stack, head + b" " * 290_000) for _ in range(4)]
        wait_for(lambda: held.request_bytes > 4 * 285_000)
        one_too_many = connect(port, stack, head)
        wait_for(lambda: all(one._in_body() for one in held._open) and len(held._open) == 5)
        one_too_many.sendall(b" " * 65_000)  # less than LARGE_BYTES, as the first bytes of a body are on a network
        received = everything(one_too_many)
        assert statuses(received) == [503]
        assert problem(received)["title"] == "Service overloaded"
        assert f"more than {4 * MAX_BODY // 2**20} MiB; send smaller batches" in problem(received)["detail"]
        assert b"retry-after: 1" in received
        assert statuses(exchange(port, whole(b"Connection: close"))) == [200]
        assert rejected(app, "overloaded") == 1
        for one in waiting:
            one.close()
        wait_for(lambda: held.request_bytes == 0)
        body = BODY.ljust(MAX_BODY)
        assert statuses(exchange(port, whole(b"Connection: close", body=body))) == [200]
        wait_for(lambda: held.request_bytes == 0)


def test_body_that_will_be_large_counts_as_large_although_less_is_missing_and_less_has_arrived():
    held, older, newer = Connections(MAX_BODY, ConnectionErrors()), Mock(), Mock()
    assert held.reserve(older, held.max_request_bytes - 60_000, 0, 0)
    assert held.reserve(newer, 60_000, 0, 0)
    assert not held.reserve(newer, 5_000, held=60_000, missing=40_000)
    older.refuse_body.assert_not_called()


def test_of_bodies_that_arrive_together_those_that_fit_are_answered(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch):
    size, fitting, clients = 1_900_000, 4, 12
    monkeypatch.setattr(connections, "MIN_REQUEST_BYTES", 0)
    app = create_app(load_settings(model=tiny_bundle, max_body_bytes=2_000_000, access_log=False))
    with serving(app) as (port, held), ExitStack() as stack:
        request = whole(body=BODY.ljust(size))
        first = held.max_request_bytes // clients
        bodies = [connect(port, stack, request[:first]) for _ in range(clients)]
        wait_for(lambda: held.request_bytes == clients * (first - connections.FREE_BYTES))
        with paused(held):  # until the next piece of each has arrived
            for one in bodies:
                one.sendall(request[first : first + 65536])
        with ThreadPoolExecutor(clients) as threads:
            answers = list(threads.map(lambda one: finish(one, request[first + 65536 :]), bodies))
        answered = [one for one, answer in zip(bodies, answers, strict=True) if statuses(answer) == [200]]
        refused = [answer for answer in answers if statuses(answer) == [503]]
        assert fitting <= len(answered) < clients
        assert len(refused) == clients - len(answered) == rejected(app, "overloaded")
        assert all(b"retry-after: 1\r\n" in answer for answer in refused)
        wait_for(lambda: held.request_bytes == 0)
        for one in answered:
            assert statuses(finish(one, request)) == [200]


def test_body_that_arrives_longest_is_not_refused_for_newer_ones(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connections, "MIN_REQUEST_BYTES", 0)
    monkeypatch.setattr(connections, "LARGEST_REQUESTS", 2)
    request = whole(body=BODY.ljust(290_000))
    with serving(app) as (port, held), ExitStack() as stack:
        clients = []
        for count in range(1, 4):
            clients.append(connect(port, stack, request[:190_000]))
            wait_for(lambda count=count: held.request_bytes > count * 185_000)
        assert statuses(finish(clients[0], request[190_000:])) == [200]
        assert statuses(everything(clients[2])) == [503]
        assert statuses(finish(clients[1], request[190_000:])) == [200]
        assert rejected(app, "overloaded") == 1
        wait_for(lambda: not held._large)


def test_small_request_is_answered_while_large_ones_hold_all_bytes(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connections, "MIN_REQUEST_BYTES", 0)
    large, small = whole(body=BODY.ljust(MAX_BODY)), whole(b"Connection: close", body=BODY.ljust(30_000))
    with serving(app) as (port, held), ExitStack() as stack:
        stalled = [connect(port, stack, large[:-1]) for _ in range(4)]
        wait_for(lambda: held.request_bytes > held.max_request_bytes - 20_000)
        assert statuses(exchange(port, small)) == [200]
        assert rejected(app, "overloaded") == 1
        answers = [one.recv(65536) for one in select.select(stalled, [], [], 5)[0]]
        assert [statuses(answer) for answer in answers] == [[503]]


@pytest.mark.parametrize("headers", [(), (b"a: %b" % (b"a" * 50_000),)])
def test_request_that_arrives_before_the_answer_to_the_one_before_it_still_counts_after_it(
    app: FastAPI, headers: tuple[bytes, ...]
):
    answer = add_late_route(app)
    request = whole(*headers, body=BODY.ljust(200_000))
    with serving(app) as (port, held), ExitStack() as stack:
        client = connect(port, stack, LATE)
        wait_for(lambda: any(one.cycle for one in held._open))
        client.sendall(request[:40_000])
        wait_for(lambda: held.request_bytes > 35_000)
        answer.set()
        assert statuses(client.recv(65536)) == [200]
        assert held.request_bytes > 35_000
        assert bool(held._large) == (not headers)  # the length of a body is known after its head
        client.sendall(request[40_000:-100])
        wait_for(lambda: held.request_bytes > len(request) - 5_000)
        assert held._large
        client.sendall(request[-100:])
        assert statuses(client.recv(65536)) == [200]
        wait_for(lambda: held.request_bytes == 0)
        assert not held._large


def test_body_of_an_answered_request_does_not_count(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    counted: list[tuple[int, int]] = []
    reserve = Connections.reserve

    def noted(self: Connections, connection: Any, size: int, held: int, missing: int) -> bool:
        counted.append((size, missing))
        return reserve(self, connection, size, held, missing)

    monkeypatch.setattr(Connections, "reserve", noted)
    with serving(app) as (port, _), ExitStack() as stack:
        client = connect(port, stack, b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n")
        assert statuses(client.recv(65536)) == [404]
        client.sendall(bytes(299_999))
        wait_for(lambda: counted and counted[-1][1] <= 256 * 1024)
    assert {size for size, _ in counted} == {0}


def test_request_in_the_same_bytes_as_the_end_of_an_answered_one_counts(app: FastAPI):
    answer = add_late_route(app)
    head = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    late = LATE.replace(b"\r\n\r\n", b"\r\nContent-Length: 20000\r\n\r\n") + bytes(20_000)
    with serving(app) as (port, held), ExitStack() as stack:
        client = connect(port, stack, head)
        assert statuses(client.recv(65536)) == [404]
        client.sendall(b"0\r\n\r\n" + late)
        wait_for(lambda: held.request_bytes > 15_000)
        answer.set()
        assert statuses(client.recv(65536)) == [200]
        wait_for(lambda: held.request_bytes == 0)


@pytest.mark.parametrize("sent", [60_000, 200_000])
def test_connection_that_ends_before_its_answers_frees_all_its_requests(app: FastAPI, sent: int):
    answer = add_late_route(app)
    request = whole(body=BODY.ljust(100_000))
    with serving(app) as (port, held), ExitStack() as stack:
        client = connect(port, stack, LATE)
        wait_for(lambda: any(one.cycle for one in held._open))
        client.sendall((request * 2)[:sent])
        wait_for(lambda: held.request_bytes > 55_000)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        answer.set()
        wait_for(lambda: held.request_bytes == 0)


def test_refusal_does_not_stop_counting_the_unanswered_request_before_it(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connections, "MIN_REQUEST_BYTES", 100_000)
    monkeypatch.setattr(connections, "LARGEST_REQUESTS", 0)
    answer = threading.Event()

    async def late(request: Request) -> Response:
        await request.body()
        while not answer.is_set():
            await request.is_disconnected()  # the next request is read meanwhile
            await asyncio.sleep(0.01)
        return Response()

    app.router.routes.insert(0, Route("/late", late, methods=["POST"]))
    with serving(app) as (port, held), ExitStack() as stack:
        client = connect(port, stack, whole(body=b" " * 80_000).replace(b"/predict", b"/late"))
        wait_for(lambda: held.request_bytes > 75_000)
        client.sendall(whole(body=b" " * 90_000)[:10_000])
        wait_for(lambda: held.request_bytes > 85_000)
        [connection] = held._open
        assert statuses(exchange(port, whole(body=b" " * 30_000))) == [503]
        assert connection._error is None  # to refuse it would free nothing yet
        client.sendall(b" " * 20_000)
        wait_for(lambda: connection._error is not None)
        assert held.request_bytes > 85_000
        answer.set()
        assert statuses(everything(client)) == [200, 503]
        wait_for(lambda: held.request_bytes == 0)


def test_refused_body_is_freed_before_its_connection_ends(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    """The traceback of an error leads to the body that was being read, and the connection keeps its error."""
    monkeypatch.setattr(connections, "MIN_REQUEST_BYTES", 100_000)
    monkeypatch.setattr(connections, "LARGEST_REQUESTS", 0)
    with serving(app) as (port, held), ExitStack() as stack:
        client = connect(port, stack, HEAD + b"Content-Length: %d\r\n\r\n" % MAX_BODY + b" " * 90_000)
        wait_for(lambda: held.request_bytes > 80_000)
        client.sendall(b" " * 100_000)
        assert client.recv(12) == b"HTTP/1.1 503"
        [connection] = held._open  # it stays open until the client has had time to read the answer
        assert connection._error is not None
        assert connection._error.__traceback__ is None


@pytest.mark.parametrize(
    "request_",
    {
        "tiny chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 200_000,
        "chunk extensions": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + (b"1;%b\r\n \r\n" % (b"a" * 9000)) * 100,
        "blank lines": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"4\r\n\r\n\r\n\r\n" * 60_000,
        "many headers": HEAD + b"a:b\r\n" * 12_000,
    }.values(),
)
def test_overhead_counts_like_the_body(app: FastAPI, monkeypatch: pytest.MonkeyPatch, request_: bytes):
    monkeypatch.setattr(connections, "MIN_REQUEST_BYTES", 0)
    monkeypatch.setattr(connections, "LARGEST_REQUESTS", 1)
    with serving(app) as (port, held):
        received = exchange(port, request_)
        assert statuses(received) in ([503], [400])
        wait_for(lambda: held.request_bytes == 0)


@pytest.mark.parametrize("path", [b"/nowhere", b"/health/live", b"/model", b"/predict/x"])
def test_body_of_a_route_that_takes_none_is_not_held(app: FastAPI, monkeypatch: pytest.MonkeyPatch, path: bytes):
    monkeypatch.setattr(connections, "MIN_REQUEST_BYTES", 0)
    monkeypatch.setattr(connections, "LARGEST_REQUESTS", 2)
    for method in (b"GET", b"POST"):
        head = b"%b %b HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n" % (method, path)
        with serving(app) as (port, held):
            received = exchange(port, head, b" " * 3_000_000 + whole(b"Connection: close"), pause=0.02)
            assert statuses(received)[0] in (200, 404, 405)
            assert statuses(received)[1:] == [200]
            wait_for(lambda: held.request_bytes == 0)


def test_large_bodies_follow_each_other_on_one_connection(app: FastAPI):
    """A body is not counted as headers, even if the previous body on the connection had more of these."""
    request = whole(body=BODY.ljust(MAX_BODY))
    cuts = [200_000, len(request), len(request) + 150_000, 3 * len(request)]
    stream = request * 3
    pieces = [stream[start:end] for start, end in zip([0, *cuts], cuts, strict=False)]
    with serving(app) as (port, held):
        assert statuses(exchange(port, *pieces, whole(b"Connection: close"), pause=0.05)) == [200] * 4
        wait_for(lambda: held.request_bytes == 0)


def test_too_many_connections_end_those_that_wait_the_longest(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 20)
    monkeypatch.setattr(connections, "CLOSE_AT_ONCE", 5)
    with serving(app) as (port, held), ExitStack() as stack:
        idle = connect(port, stack, whole())
        assert statuses(idle.recv(65536)) == [200]
        slow = [connect(port, stack, HEAD) for _ in range(18)]
        wait_for(lambda: len(held._open) == 19)
        idle.sendall(whole())
        assert statuses(idle.recv(65536)) == [200]
        for _ in range(10):
            assert statuses(exchange(port, b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")) == [
                200
            ]
        more = [connect(port, stack) for _ in range(2)]
        wait_for(lambda: rejected(app, "overloaded") == 5)
        [received, *others] = [everything(one) for one in select.select(slow, [], [], 5)[0]]
        assert len(others) < 5
        assert statuses(received) == [503]
        assert b"retry-after: 1" in received
        assert problem(received)["detail"].startswith("There are too many connections")
        idle.sendall(whole(b"Connection: close"))  # it has asked since the others came, and is still there
        assert statuses(everything(idle)) == [200]
        del more


@pytest.mark.parametrize("sent", [HEAD, whole(), HEAD + b"Content-Length: 9000\r\n\r\n ", b""])
def test_new_connection_is_kept_longer_than_all_older_ones(app: FastAPI, monkeypatch: pytest.MonkeyPatch, sent: bytes):
    """Clients that keep a refused connection open do not cause further refusals."""
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 20)
    monkeypatch.setattr(connections, "CLOSE_AT_ONCE", 5)
    with serving(app) as (port, held), ExitStack() as stack:
        for _ in range(20):
            connect(port, stack, sent)
        wait_for(lambda: len(held._open) == 20)
        time.sleep(0.1)
        new = connect(port, stack)
        for _ in range(8):
            connect(port, stack, sent)
            assert statuses(exchange(port, whole(b"Connection: close"))) == [200]
        assert len(held._open) <= 22
        new.sendall(whole(b"Connection: close"))
        assert statuses(everything(new)) == [200]


def test_connection_takes_the_place_of_one_whose_answers_are_not_read(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 6)
    monkeypatch.setattr(connections, "CLOSE_AT_ONCE", 1)
    with serving(app) as (port, held), ExitStack() as stack:
        for _ in range(6):
            never_read(port, stack, BATCH)
        wait_for(lambda: len(held._unread) == 6)
        assert statuses(exchange(port, whole(b"Connection: close"))) == [200]
        assert rejected(app, "slow_reader") == 1


def test_too_many_idle_connections_are_closed(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 10)
    monkeypatch.setattr(connections, "CLOSE_AT_ONCE", 2)
    with serving(app) as (port, held), ExitStack() as stack:
        idle = []
        for _ in range(10):
            idle.append(connect(port, stack, whole()))
            assert statuses(idle[-1].recv(65536)) == [200]
        assert statuses(exchange(port, whole(b"Connection: close"))) == [200]
        wait_for(lambda: len(held._open) == 8)
        ended = [everything(one) for one in select.select(idle, [], [], 5)[0]]
        assert set(ended) == {b""}


def test_head_is_sent_even_if_its_body_is_late(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connections, "WRITE_SECONDS", 0.4)
    seen = threading.Event()

    async def late() -> AsyncIterator[bytes]:
        assert await asyncio.to_thread(seen.wait, 10)
        yield b"late"

    app.router.routes.insert(0, Route("/late", lambda _: StreamingResponse(late())))
    with serving(app) as (port, _), ExitStack() as stack:
        connection = connect(port, stack, b"GET /late HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = connection.recv(65536)
        assert received.endswith(b"\r\n\r\n")
        seen.set()
        assert b"late" in everything(connection)
