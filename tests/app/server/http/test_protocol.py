"""Bytes on a socket: slow, cut, malformed, smuggled. A real uvicorn on loopback, in a thread."""

import asyncio
import json
import re
import socket
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from app.api.connection_errors import ConnectionErrors
from app.main import create_app
from app.server.http import bounded_connection, protocol, request_head
from app.server.http.connections import CONNECTIONS_KEY, Connections
from app.server.http.unparsed_bytes import MAX_PIECE
from app.server.uvicorn_server import Server
from app.settings import load_settings
from tests.app.metrics import read
from tests.app.server.recording_transport import RecordingTransport
from tests.app.slow_encode import slow_encode

DOCUMENTED = {200, 400, 401, 404, 405, 408, 413, 414, 415, 417, 422, 503, 504}
BODY = b'{"headline":"oil"}'
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\n"
MORE_THAN_READS = 360_000
"""Bytes of overhead that are refused however they arrive: those in one read with body data do not count, and uvloop
reads up to 256,000 bytes at once if the machine is busy."""


def whole(*headers: bytes, body: bytes = BODY) -> bytes:
    lines = b"".join(one + b"\r\n" for one in headers)
    return HEAD + b"Content-Length: %d\r\n" % len(body) + lines + b"\r\n" + body


@contextmanager
def in_thread(app: FastAPI, **options: Any) -> Iterator[int]:
    """uvicorn with our protocol on a free port."""
    listening, started = socket.create_server(("127.0.0.1", 0)), threading.Event()
    config = uvicorn.Config(app, http=protocol.HttpProtocol, ws="none", log_config=None, **options)
    server = Server(config, [listening], started=started.set)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert started.wait(20)
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def port(tiny_bundle: Path) -> Iterator[int]:
    patch = pytest.MonkeyPatch()
    patch.setattr(bounded_connection, "ARRIVAL_SECONDS", 5.0)
    settings = load_settings(model=tiny_bundle, max_body_bytes=5000, access_log=False)
    with in_thread(create_app(settings)) as number:
        yield number
    patch.undo()


@pytest.fixture
def short_arrival(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_connection, "ARRIVAL_SECONDS", 0.4)


def exchange(port: int, *pieces: bytes, pause: float = 0.0, hang_up: bool = False) -> bytes:
    """Send some pieces; returns all bytes until the server closes the connection or stops sending."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        received = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
            if hang_up:
                connection.shutdown(socket.SHUT_WR)
            while data := connection.recv(65536):
                received += data
                connection.settimeout(0.6)
        except TimeoutError:
            pass
        except ConnectionError:
            pass  # it answered and closed the connection while this client was still sending
        return received


def statuses(received: bytes) -> list[int]:
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def check_alive(port: int) -> None:
    assert statuses(exchange(port, whole(b"Connection: close"))) == [200]


def problem(received: bytes) -> dict:
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert b"x-request-id: " in head
    assert b"connection: close" in head.lower()
    return json.loads(body)


MALFORMED = {
    "no HTTP at all": b"hello\r\n\r\n",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "nulls": bytes(64),
    "bad method": b"PRE DICT / HTTP/1.1\r\n\r\n",
    "bad version": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "space before colon": b"GET /topics HTTP/1.1\r\nHost : x\r\n\r\n",
    "header without colon": b"GET /topics HTTP/1.1\r\nHost\r\n\r\n",
    "control in a header": b"GET /topics HTTP/1.1\r\nX: a\x00b\r\n\r\n",
    "length that is no number": HEAD + b"Content-Length: ten\r\n\r\n" + BODY,
    "negative length": HEAD + b"Content-Length: -1\r\n\r\n" + BODY,
    "length beyond 64 bits": HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n" + BODY,
    "length and chunked": whole(b"Transfer-Encoding: chunked"),
    "chunked and length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + BODY,
    "two lengths": HEAD + b"Content-Length: 18\r\nContent-Length: 5\r\n\r\n" + BODY,
    "two equal lengths": HEAD + b"Content-Length: 18\r\nContent-Length: 18\r\n\r\n" + BODY,
    "chunked twice removed": HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n" + BODY,
    "folded header": HEAD + b"Content-Length: 18\r\nX-A: b\r\n folded\r\n\r\n" + BODY,
    "bare line feeds": b"POST /predict HTTP/1.1\nHost: x\nContent-Length: 18\n\n" + BODY,
    "bare carriage return": HEAD + b"X: a\rContent-Length: 3\r\n\r\n" + BODY,
    "bad chunk size": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + BODY,
    "headers without end": HEAD + b"X-Filler: " + b"a" * 200_000,
    "headers without number": HEAD + b"X-Filler: a\r\n" * 20_000,
    "host missing": whole().replace(b"Host: x\r\n", b""),
    "two hosts": whole(b"Host: x"),
    "host that is none": whole().replace(b"Host: x", b"Host: a/b"),
    "host with a blank": whole().replace(b"Host: x", b"Host: a b"),
    "line feed in the path": whole().replace(b"/predict", b"/predict%0A"),
    "carriage return in the path": whole().replace(b"/predict", b"/%0dpredict"),
    "nul in the path": whole().replace(b"/predict", b"/predict%00"),
    "delete in the path": whole().replace(b"/predict", b"/pre%7Fdict"),
    "next line in the path": whole().replace(b"/predict", b"/predict%C2%85"),
    "overlong line feed in the path": whole().replace(b"/predict", b"/predict%c0%8a"),
    "path that is not UTF-8": whole().replace(b"/predict", b"/predict%ff"),
    "surrogate in the path": whole().replace(b"/predict", b"/predict%ed%a0%80"),
    "control in an absolute path": whole().replace(b"/predict", b"http://x/predict%0a"),
    "fragment": whole().replace(b"/predict", b"/predict#x"),
    "fragment of an absolute target": whole().replace(b"/predict", b"http://x/predict#x"),
    "tunnel": b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "star": b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP/0.9": b"GET /topics\r\n\r\n",
    "HTTP/2.0": b"GET /topics HTTP/2.0\r\nHost: x\r\n\r\n",
    "two transfer codings": HEAD + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "length of many digits": HEAD + b"Content-Length: %b\r\n\r\n" % b"18".zfill(5000) + BODY + whole(),
    "length of many digits and an upgrade": HEAD
    + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: %b\r\n\r\n" % b"18".zfill(5000)
    + BODY,
    "other transfer coding": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "unknown transfer coding": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": b"POST /predict HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "lengths in one header": HEAD + b"Content-Length: 18, 18\r\n\r\n" + BODY,
    "length with a sign": HEAD + b"Content-Length: +18\r\n\r\n" + BODY,
    "header lines without number, each short": HEAD + b"a:b\r\n" * 101 + b"\r\n",
    "header lines without number, each different": HEAD + b"".join(b"a%d:b\r\n" % n for n in range(101)) + b"\r\n",
    "trailer with a length": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 3\r\n\r\n",
    "chunk longer than it says": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n" + BODY + b"\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_or_smuggled_request_is_a_400_problem_and_the_end_of_its_connection(port: int, name: str):
    received = exchange(port, MALFORMED[name])
    assert set(statuses(received)) <= DOCUMENTED
    assert statuses(received) == [400]
    assert problem(received)["title"] == "Malformed HTTP request"
    check_alive(port)


def test_refusal_is_counted_and_logged(capsys: pytest.CaptureFixture[str], tiny_bundle: Path):
    app = create_app(load_settings(model=tiny_bundle))
    with in_thread(app) as port:
        answers = [
            exchange(port, whole().replace(b"Host: x\r\n", b"")),
            exchange(port, HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
        ]
    value = read(asyncio.run(app.state.service.metrics.exposition()).decode())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"request"' in line]
    assert [(line["route"], line["method"], line["status"]) for line in lines] == [
        ("other", "OTHER", 400),
        ("/predict", "POST", 400),
    ]
    assert lines[0]["milliseconds"] < 5000  # not the 10 seconds that a request may take
    assert [line["request_id"] for line in lines] == [problem(one)["request_id"] for one in answers]
    assert value("http_requests_total", route="other", method="OTHER", status=400) == 1
    assert value("http_requests_total", route="/predict", method="POST", status=400) == 1


@pytest.mark.parametrize("pieces", [[HEAD], [HEAD + b"Content-Length: 18\r\n\r\n"]])
def test_slow_request_is_counted_and_logged(
    capsys: pytest.CaptureFixture[str], tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, pieces: list[bytes]
):
    monkeypatch.setattr(bounded_connection, "ARRIVAL_SECONDS", 0.1)
    app = create_app(load_settings(model=tiny_bundle))
    with in_thread(app) as port:
        assert statuses(exchange(port, *pieces)) == [408]
    value = read(asyncio.run(app.state.service.metrics.exposition()).decode())
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"request"' in line]
    assert line["status"] == 408
    assert line["milliseconds"] >= 50  # the loop's clock does not advance within an iteration
    assert line["route"] == ("other" if pieces == [HEAD] else "/predict")
    assert value("topics_rejected_total", reason="slow_request") == 1
    assert value("topics_rejected_total", reason="client_gone") == 0


def test_error_waits_for_the_answers_before_it(port: int):
    batch = HEAD.replace(b"/predict", b"/predict/batch") + b"Content-Length: %d\r\n\r\n%b"
    body = json.dumps({"headlines": ["oil"] * 500}).encode()
    received = exchange(port, batch % (len(body), body) + b"no HTTP\r\n\r\n")
    assert statuses(received) == [200, 400]


@pytest.mark.parametrize(
    ("name", "request_"),
    {
        "413": HEAD + b"Content-Length: 3000000\r\n\r\n" + b" " * 3_000_000,
        "400 of a head": HEAD + b"X: " + b"a" * 3_000_000,
        "400 of a body": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + b" " * 3_000_000,
        "404": whole(b"Connection: close", body=b" " * 3_000_000).replace(b"/predict", b"/nowhere"),
    }.items(),
)
def test_client_that_is_refused_while_it_sends_gets_its_answer(port: int, name: str, request_: bytes):
    """Closing with unread bytes would reset the connection, and the client could lose the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request_)
        received = b""
        while data := connection.recv(65536):
            received += data
    assert statuses(received) == [int(name[:3])]


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"], ids=["no end", "end"])
@pytest.mark.parametrize("piece", [1_000, 20_000, 80_000])
def test_head_that_is_too_long_is_named_as_such_also_if_it_has_ended(port: int, piece: int, end: bytes):
    head = HEAD + b"Content-Length: 18\r\nX: " + b"a" * 66_000 + end
    received = exchange(port, *[head[start : start + piece] for start in range(0, len(head), piece)])
    assert statuses(received) == [400]
    assert b"The request has more than 65,536 bytes of headers; send fewer." in received


@pytest.mark.parametrize(
    "fault", [b"X: " + b"a" * MORE_THAN_READS, b"a: b\r\n" * 60_000, b"X: y\r\n" * 60_000 + b"\r\n"]
)
def test_trailers_without_end_are_refused(port: int, fault: bytes):
    head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n12\r\n" + BODY + b"\r\n0\r\n"
    pieces = [fault[start : start + 20_000] for start in range(0, len(fault), 20_000)]
    received = exchange(port, head, *pieces, pause=0.01)
    assert statuses(received) == [400]
    assert b"The request has more than 65,536 bytes of chunk extensions or trailers; send fewer." in received


@pytest.mark.parametrize(
    ("header", "before"), [(20_000, b""), (40_000, b"1\r\n{\r\n")], ids=["before the body", "within the body"]
)
@pytest.mark.parametrize("piece", [1_000, 20_000, 80_000])
def test_chunk_extension_that_is_too_long_is_named_as_such(port: int, piece: int, header: int, before: bytes):
    body = before + b"12;" + b"a" * MORE_THAN_READS
    request = HEAD + b"X: " + b"a" * header + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    received = exchange(port, *[request[start : start + piece] for start in range(0, len(request), piece)])
    assert statuses(received) == [400]
    assert b"The request has more than 65,536 bytes of chunk extensions or trailers; send fewer." in received


@pytest.mark.parametrize("path", [b"/predict", b"/nowhere", b"/health/live"])
def test_chunk_extension_without_end_ends_the_connection(port: int, path: bytes):
    head = HEAD.replace(b"/predict", path) + b"Transfer-Encoding: chunked\r\n\r\n12;"
    received = exchange(port, head, *[b"a" * 20_000] * (MORE_THAN_READS // 20_000), pause=0.01)
    assert len(statuses(received)) == 1
    assert statuses(received)[0] in {400, 404, 405, 414}


def test_trailers_are_no_headers(port: int):
    trailers = b"X-Request-ID: trailer\r\nX-Request-Timeout: nonsense\r\nHost: y\r\nExpect: tea\r\n"
    request = (CHUNKED % b"X-Request-ID: head\r\n")[:-2] + trailers + b"\r\n"
    received = exchange(port, request[:-30], request[-30:] + whole(b"Connection: close"), pause=0.05)
    assert statuses(received) == [200, 200]
    assert b"x-request-id: head" in received
    assert b"trailer" not in received


@pytest.mark.parametrize("target", [b"http://x/topics", b"HTTP://x:80/health/live?a=b", b"/health/live?x=%0a%ff"])
def test_target_of_a_proxy_and_any_query_are_taken(port: int, target: bytes):
    assert statuses(exchange(port, b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % target)) == [200]


def test_absolute_target_without_a_path_is_the_root(port: int):
    received = exchange(port, b"GET http://x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert statuses(received) == [200]


@pytest.mark.parametrize("host", [b"", b"x", b"[::1]:8000", b"a_b.example:80", b"127.0.0.1"])
def test_host_of_any_kind_is_taken(port: int, host: bytes):
    assert statuses(exchange(port, whole(b"Connection: close").replace(b"Host: x", b"Host: " + host))) == [200]


@pytest.mark.parametrize("target", [b"/" + b"a" * 100_000, b"http://[/", b"*", b"/%ff%00", b"//", b"/../../etc/passwd"])
def test_odd_target_gets_a_documented_answer(port: int, target: bytes):
    received = exchange(port, b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % target)
    assert statuses(received)[0] in {400, 404, 405, 414}
    check_alive(port)


@pytest.mark.usefixtures("short_arrival")
@pytest.mark.parametrize("pieces", [[HEAD], [HEAD, b"X: y\r\n", b"X: y\r\n", b"X: y\r\n"], [b"P"], []])
def test_slow_headers_are_408(port: int, pieces: list[bytes]):
    received = exchange(port, *pieces, pause=0.1)
    assert statuses(received) == [408]
    assert problem(received)["title"] == "Request timeout"


@pytest.mark.usefixtures("short_arrival")
@pytest.mark.parametrize("body", [b'{"headline":', b""])
def test_body_that_stops_on_its_way_is_408(port: int, body: bytes):
    received = exchange(port, HEAD + b"Content-Length: 18\r\n\r\n" + body)
    assert statuses(received) == [408]
    problem(received)


@pytest.mark.usefixtures("short_arrival")
def test_slow_body_is_408_even_if_it_is_steady(port: int):
    begun = time.monotonic()
    received = exchange(port, HEAD + b"Content-Length: 1000\r\n\r\n", *([b" "] * 30), pause=0.05)
    assert (
        408 in statuses(received) or received == b""
    )  # a reset may arrive before the answer while this client is still sending
    assert time.monotonic() - begun < 5
    check_alive(port)


def test_request_in_pieces_that_comes_in_time_is_answered(port: int):
    request = whole(b"Connection: close")
    pieces = [request[start : start + 25] for start in range(0, len(request), 25)]
    assert statuses(exchange(port, *pieces, pause=0.02)) == [200]


@pytest.mark.usefixtures("short_arrival")
def test_second_request_of_a_connection_may_be_slow_no_more_than_the_first(port: int):
    received = exchange(port, whole(), HEAD, pause=0.05)
    assert statuses(received) == [200, 408]


@pytest.mark.usefixtures("short_arrival")
def test_request_behind_a_slow_answer_is_not_a_slow_one(tiny_bundle: Path):
    """The server reads no more of it than fits into its buffers until the answer is out."""
    app = create_app(load_settings(model=tiny_bundle, access_log=False))

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        if scope.get("path") == "/health/live":
            await asyncio.sleep(1.2)  # three times the time limit
        await app(scope, receive, send)

    first = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    with in_thread(slow) as number:
        received = exchange(number, first, whole(b"Connection: close", body=BODY.ljust(4_000_000)), pause=0.1)
    assert statuses(received) == [200, 200]


@pytest.mark.usefixtures("short_arrival")
def test_body_that_stops_after_its_answer_closes_the_connection_without_a_second_answer(port: int):
    received = exchange(port, HEAD.replace(b"/predict", b"/nowhere") + b"Content-Length: 18\r\n\r\n" + BODY[:5])
    assert statuses(received) == [404]


@pytest.mark.usefixtures("short_arrival")
def test_quiet_connection_between_requests_is_not_a_slow_one(port: int):
    assert statuses(exchange(port, whole(), whole(b"Connection: close"), pause=0.6)) == [200, 200]


@pytest.mark.usefixtures("short_arrival")
@pytest.mark.parametrize("length", [1, 30, len(HEAD) + 10, len(whole()) - 1])
def test_request_cut_off_leaves_nothing_behind(port: int, length: int):
    assert set(statuses(exchange(port, whole()[:length], hang_up=True))) <= {400, 408}
    check_alive(port)


def test_pipelined_requests_are_answered_in_order(port: int):
    requests = [whole(b"X-Request-ID: %d" % number) for number in range(5)]
    requests[2] = whole(b"X-Request-ID: 2", body=b"{}")
    received = exchange(port, b"".join(requests))
    assert statuses(received) == [200, 200, 422, 200, 200]
    assert re.findall(rb"x-request-id: (\d)", received) == [b"0", b"1", b"2", b"3", b"4"]


IN_ONE_CHUNK = HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)


@pytest.mark.parametrize(("path", "status"), [(b"/predict", 200), (b"/nowhere", 404)])
def test_body_that_begins_in_one_piece_with_the_end_of_another_is_read(port: int, path: bytes, status: int):
    body = BODY.ljust(2000) + b"\r\n\r\n" + b" " * 500  # the piece ends in it
    request = whole(b"Connection: close", body=body)
    assert statuses(exchange(port, IN_ONE_CHUNK.replace(b"/predict", path) + request)) == [status, 200]


@pytest.mark.usefixtures("short_arrival")
@pytest.mark.parametrize(("path", "status"), [(b"/predict", 200), (b"/nowhere", 404)])
def test_body_that_begins_in_one_piece_with_the_end_of_another_may_not_be_slow(port: int, path: bytes, status: int):
    assert statuses(exchange(port, IN_ONE_CHUNK.replace(b"/predict", path) + whole()[:-1])) == [status, 408]


def test_requests_before_a_pipelined_one_are_told_that_their_client_has_gone():
    told = []

    async def app(scope: Any, receive: Any, _: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        told.append(scope["path"])

    async def lose_connection() -> None:
        state = {CONNECTIONS_KEY: Connections(1000, ConnectionErrors())}
        config = uvicorn.Config(app, interface="asgi3", ws="none", log_config=None)
        one = protocol.HttpProtocol(config, ServerState(), state)
        one.connection_made(RecordingTransport())
        one.data_received(b"GET /first HTTP/1.1\r\nHost: x\r\n\r\n")
        one.data_received(b"GET /second HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0)  # the first one waits for a message
        one.connection_lost(None)
        await asyncio.wait_for(asyncio.gather(*one.tasks), 5)

    asyncio.run(lose_connection())
    assert told == ["/first"]


def test_body_of_a_pipelined_request_is_parsed_when_the_request_before_it_is_answered():
    received = []

    async def app(_: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        received.append(len(body))
        await answers.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def pipeline() -> None:
        state = {CONNECTIONS_KEY: Connections(1000, ConnectionErrors())}
        config = uvicorn.Config(app, interface="asgi3", ws="none", log_config=None)
        one = protocol.HttpProtocol(config, ServerState(), state)
        one.connection_made(RecordingTransport())
        one.data_received(IN_ONE_CHUNK + whole(body=BODY.ljust(200_000)))
        for _ in range(20):
            await asyncio.sleep(0)
        assert received == [len(BODY)]
        assert len(one.pipeline) == 1
        assert len(one.cycle.body) < 100_000
        answers.set()
        await asyncio.wait_for(asyncio.gather(*one.tasks), 5)
        while one.tasks:
            await asyncio.wait_for(asyncio.gather(*one.tasks), 5)
        one.connection_lost(None)

    answers = asyncio.Event()
    asyncio.run(pipeline())
    assert received == [len(BODY), 200_000]


def test_bytes_of_other_requests_do_not_count_as_headers(port: int):
    request = whole(b"X-Filler: " + b"a" * 1000)
    whole_ones = 100_000 // len(request)
    received = exchange(port, request * whole_ones + request[:40], request[40:], pause=0.2)
    assert statuses(received) == [200] * (whole_ones + 1)


def test_what_follows_a_refused_body_is_not_taken_for_a_request(port: int):
    smuggled = b"GET /model HTTP/1.1\r\nHost: x\r\n\r\n"
    received = exchange(port, HEAD + b"Content-Length: 6000\r\n\r\n" + b" " * 5500 + smuggled)
    assert statuses(received) == [413]
    problem(received)


def test_more_body_than_content_length_says_is_not_read_as_body(port: int):
    received = exchange(port, HEAD + b"Content-Length: 5\r\n\r\n" + BODY)
    assert statuses(received)[0] == 400
    assert 200 not in statuses(received)


@pytest.mark.usefixtures("short_arrival")
def test_less_body_than_content_length_says_is_408(port: int):
    assert statuses(exchange(port, HEAD + b"Content-Length: 19\r\n\r\n" + BODY)) == [408]


@pytest.mark.parametrize("head", [b"Content-Length: 99999999999\r\n\r\n", b"Content-Length: 5001\r\n\r\n"])
def test_body_over_the_limit_is_413_before_it_is_all_there(port: int, head: bytes):
    received = exchange(port, HEAD + head, b" " * 5001)
    assert statuses(received) == [413]
    problem(received)
    check_alive(port)


def test_chunked_body_over_the_limit_is_413_before_it_ends(port: int):
    received = exchange(
        port,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
        b"400\r\n" + b" " * 1024 + b"\r\n" * 1,
        b"fa0\r\n" + b" " * 4000,
    )
    assert statuses(received) == [413]


def test_chunked_body_is_taken(port: int):
    request = HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n6\r\n%b\r\nc\r\n%b\r\n0\r\n\r\n"
    assert statuses(exchange(port, request % (BODY[:6], BODY[6:]))) == [200]


@pytest.mark.parametrize("expect", [b"100-continue", b"100-Continue \t"])
def test_expect_100_continue_is_answered(port: int, expect: bytes):
    received = exchange(port, HEAD + b"Content-Length: 18\r\nExpect: %b\r\n\r\n" % expect, BODY, pause=0.05)
    assert statuses(received) == [100, 200]


@pytest.mark.parametrize("blank", [b" ", b"\t", b" \t "])
def test_whitespace_after_the_value_of_a_header_is_no_part_of_it(port: int, blank: bytes):
    head = HEAD.replace(b": x", b": x" + blank)
    names = b"Connection: close%b\r\nContent-Encoding: identity%b\r\nX-Request-ID: known%b\r\n" % ((blank,) * 3)
    received = exchange(port, head + names + b"Content-Length: 18%b\r\n\r\n" % blank + BODY)
    assert statuses(received) == [200]
    assert b"x-request-id: known\r\n" in received
    chunked = b"Transfer-Encoding: chunked \r\n\r\n12\r\n%b\r\n0\r\n\r\n" % BODY  # httptools takes no tab here
    assert statuses(exchange(port, head + names + chunked)) == [200]


@pytest.mark.parametrize("path", [b"/predict", b"/predict/batch", b"/v2/models/tiny/infer"])
@pytest.mark.parametrize("length", [5001, 10**12])
def test_client_that_waits_to_send_a_body_too_long_gets_413_at_once(port: int, path: bytes, length: int):
    head = HEAD.replace(b"/predict", path) + b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % length
    received = exchange(port, head)
    assert statuses(received) == [413]
    assert problem(received)["detail"] == "The body has more than 5,000 bytes; send it in parts."


@pytest.mark.parametrize("method", [b"GET /topics", b"GET /health/live", b"GET /metrics", b"GET /"])
def test_body_of_a_get_is_not_asked_for(port: int, method: bytes):
    head = method + b" HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n" % 10**12
    assert statuses(exchange(port, head)) == [200]


def test_client_that_sends_a_body_declared_too_long_can_read_the_413(port: int):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(HEAD + b"Content-Length: 8000000\r\n\r\n")
        for _ in range(8):
            connection.sendall(b" " * 1_000_000)
        assert statuses(connection.recv(65536)) == [413]


def test_client_answered_before_100_continue_opens_another_connection(port: int):
    """It is not known whether the body will still arrive, so the next bytes cannot be parsed as a request."""
    head = HEAD.replace(b"/predict", b"/nowhere") + b"Content-Length: 18\r\nExpect: 100-continue\r\n\r\n"
    received = exchange(port, head, whole(), pause=0.1)
    assert statuses(received) == [404]
    assert b"connection: close" in received


@pytest.mark.parametrize("expect", [b"100-Continue ", b""])
def test_expectation_with_a_body_that_is_already_sent_needs_no_100(port: int, expect: bytes):
    assert statuses(exchange(port, whole(b"Expect: " + expect, b"Connection: close")))[-1] == 200


@pytest.mark.parametrize(
    "headers", [[b"Expect: tea"], [b"Expect: 100-continue, tea"], [b"Expect: a", b"Expect: 100-continue"]]
)
def test_unknown_expectation_is_417(port: int, headers: list[bytes]):
    received = exchange(port, whole(*headers))
    assert statuses(received) == [417]
    assert problem(received)["title"] == "Expectation failed"


def test_expectation_of_http_1_0_is_ignored(port: int):
    received = exchange(port, whole(b"Expect: 100-continue").replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert statuses(received) == [200]


@pytest.mark.parametrize("upgrade", [b"websocket", b"h2c"])
def test_upgrade_that_is_not_offered_is_ignored(port: int, upgrade: bytes):
    request = b"GET /topics HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: %b\r\n\r\n" % upgrade
    assert statuses(exchange(port, request, whole(b"Connection: close"), pause=0.05)) == [200, 200]


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n%b\r\n6\r\n" + BODY[:6] + b"\r\nc\r\n" + BODY[6:] + b"\r\n0\r\n\r\n"
H2C = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA")


@pytest.mark.parametrize("size", [1, 20, 1000])
@pytest.mark.parametrize(
    "request_", [whole(*H2C), CHUNKED % b"".join(one + b"\r\n" for one in H2C), whole(H2C[0], b"Upgrade: websocket")]
)
def test_body_of_a_request_that_asks_for_an_upgrade_is_read(port: int, request_: bytes, size: int):
    """Java's HttpClient requests an upgrade to h2c in its first request, unless it is configured for HTTP/1.1."""
    stream = request_ * 2 + whole(*H2C, b"Connection: close")
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert statuses(exchange(port, *pieces)) == [200] * 3


@pytest.mark.parametrize("length", [b"Content-Length: 9", b"Content-Length: 99999", b"Transfer-Encoding: chunked"])
def test_broken_body_after_an_upgrade_is_refused_like_any(port: int, length: bytes):
    received = exchange(port, HEAD + b"\r\n".join(H2C) + b"\r\n" + length + b"\r\n\r\n" + b'{"headline' * 1000)
    assert statuses(received) == ([400] if b"chunked" in length else [413] if b"99" in length else [400, 400])


@pytest.mark.parametrize("path", [b"/nowhere", b"/predict", b"/docs"])
def test_answer_to_head_has_no_body_and_waits_for_none(port: int, path: bytes):
    received = exchange(port, b"HEAD %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path)
    assert len(statuses(received)) == 1
    assert received.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("head", [b"HEAD /%ff HTTP/1.1\r\nHost: x\r\n\r\n", b"HEAD /" + b"a" * 9_000])
def test_refusal_of_head_has_no_body(port: int, head: bytes):
    received = exchange(port, head)
    assert statuses(received) in ([400], [414])
    assert received.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(("more", "status"), [(HEAD + b"x" * 5_000, 503), (b"\0", 400)])
def test_refusal_of_bytes_after_a_head_request_has_a_body(
    port: int, more: bytes, status: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Connections, "reserve", lambda *_: False)
    received = exchange(port, b"HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n", more, pause=0.2)
    assert statuses(received) == [200, status]
    assert received.endswith(b"}")


def test_http_1_0_is_answered_and_closed(port: int):
    received = exchange(port, whole().replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert statuses(received) == [200]
    assert b"connection: close" in received


def test_batch_stops_when_its_client_hangs_up(tiny_bundle: Path):
    settings = load_settings(model=tiny_bundle, access_log=False)
    app = create_app(settings)
    with in_thread(app) as port:
        with slow_encode(app.state.service.classifier) as parts:
            body = json.dumps({"headlines": ["oil"] * 1000}).encode()
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(
                    b"POST /predict/batch HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
                )
                while not parts:
                    time.sleep(0.01)
        check_alive(port)
        assert app.state.service.limiter.in_flight == 0
        metrics = asyncio.run(app.state.service.metrics.exposition()).decode()
    assert sum(parts) < 500
    assert 'topics_rejected_total{reason="client_gone"} 1.0' in metrics
    assert 'http_requests_total{method="POST",route="/predict/batch",status="499"} 1.0' in metrics


@pytest.mark.parametrize(("after", "blank"), [(b"", b"\r\n"), (b"\r\n\r\n", b"\r\n" * 4)])
def test_blank_lines_do_not_keep_an_idle_connection_open(tiny_bundle: Path, after: bytes, blank: bytes):
    app = create_app(load_settings(model=tiny_bundle, access_log=False))
    with (
        in_thread(app, timeout_keep_alive=0.3) as port,
        socket.create_connection(("127.0.0.1", port), timeout=0.05) as connection,
    ):
        connection.sendall(whole() + after)
        received, due = b"", time.monotonic() + 10
        with suppress(ConnectionError):  # it may be closed while this client is sending
            while time.monotonic() < due:
                try:
                    if not (data := connection.recv(65536)):
                        break
                    received += data
                except TimeoutError:
                    connection.sendall(blank)
    assert time.monotonic() < due
    assert statuses(received) == [200]


@pytest.mark.parametrize("piece", [b"a", b"%C3%A9", b"/"])
@pytest.mark.parametrize("query", [b"", b"?x="])
def test_target_that_is_too_long_is_refused_before_it_is_decoded(
    port: int, monkeypatch: pytest.MonkeyPatch, piece: bytes, query: bytes
):
    decoded = []
    monkeypatch.setattr(urllib.parse, "unquote", decoded.append)
    target = b"/predict" + query + piece * (request_head.MAX_TARGET_BYTES // len(piece))
    for pieces in ([b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % target], [b"GET " + target * 2, target]):
        received = exchange(port, *pieces, pause=0.05)
        assert statuses(received) == [414]
    assert problem(received)["title"] == "URI too long"
    assert not decoded


def test_body_in_tiny_chunks_is_parsed_in_many_turns_of_the_loop(port: int, monkeypatch: pytest.MonkeyPatch):
    """And is passed on once for each of them, not once for each chunk."""
    parsed, passed_on = [], []
    parse, on_body = protocol.HttpProtocol._parse, HttpToolsProtocol.on_body
    monkeypatch.setattr(
        protocol.HttpProtocol, "_parse", lambda self, data: parsed.append(len(data)) or parse(self, data)
    )
    monkeypatch.setattr(
        HttpToolsProtocol, "on_body", lambda self, body: passed_on.append(len(body)) or on_body(self, body)
    )
    body = b'{"headline":"oil","top_k":' + b" " * 4900 + b"1}"
    chunks = b"".join(b"1;%b\r\n%c\r\n" % (b"x" * 20, byte) for byte in body)
    head = HEAD + b"Transfer-Encoding: chunked\r\n"
    assert statuses(exchange(port, head + b"\r\n" + chunks + b"0\r\n\r\n" + whole(b"Connection: close"))) == [200] * 2
    assert max(parsed) <= MAX_PIECE
    assert len(passed_on) <= len(parsed)
    assert sum(passed_on) == len(body) + len(BODY)


def test_body_of_blank_lines_is_parsed_in_large_pieces(port: int, monkeypatch: pytest.MonkeyPatch):
    """Each looks like the end of a head, and a piece for each would take a hundred times as long."""
    parsed = []
    parse = protocol.HttpProtocol._parse
    monkeypatch.setattr(
        protocol.HttpProtocol, "_parse", lambda self, data: parsed.append(len(data)) or parse(self, data)
    )
    body = BODY + b"\r\n\r\n" * 1200
    chunked = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    assert statuses(exchange(port, HEAD + chunked + whole(b"Connection: close"))) == [200] * 2
    assert len(parsed) <= 12
