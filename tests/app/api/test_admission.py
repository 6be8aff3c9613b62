"""Load shedding: a full process answers 503 from the headers alone, before the body arrives. Uses a real uvicorn."""

import asyncio
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from app.main import create_app
from app.server.http import bounded_connection
from app.settings import load_settings
from tests.app.metrics import read
from tests.app.server.http.test_protocol import HEAD, exchange, in_thread, statuses, whole

KEY = b"X-API-Key: secret"
CLOSE = b"Connection: close"
PATHS = ["/predict", "/predict/batch", "/v2/models/tiny/infer", "/v2/models/tiny/versions/1/infer"]


@pytest.fixture(scope="module")
def app(tiny_bundle: Path) -> FastAPI:
    settings = {"max_batch": 10, "max_in_flight": 10, "api_keys": "secret", "cors_origins": ["https://a.org"]}
    return create_app(load_settings(model=tiny_bundle, access_log=False, **settings))


@pytest.fixture(scope="module")
def port(app: FastAPI) -> Iterator[int]:
    with in_thread(app) as number:
        yield number


@pytest.fixture
def full(app: FastAPI, port: int) -> Iterator[int]:
    with app.state.service.limiter.held(10):
        yield port


def parts(received: bytes) -> tuple[bytes, dict[str, str], dict]:
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    return status, dict(line.decode().split(": ") for line in lines), json.loads(body)


@pytest.mark.parametrize("path", PATHS)
def test_refused_before_the_body_comes(full: int, path: str):
    head = whole(KEY, CLOSE, b"X-Request-ID: one").partition(b"\r\n\r\n")[0].replace(b"/predict", path.encode())
    status, headers, body = parts(exchange(full, head + b"\r\n\r\n"))
    assert status == b"HTTP/1.1 503 Service Unavailable"
    assert (headers["retry-after"], headers["x-request-id"]) == ("1", "one")
    assert headers["content-type"] == "application/problem+json"
    assert (body["title"], body["instance"], body["request_id"]) == ("Service overloaded", path, "one")


def test_batch_that_has_no_room_is_refused_before_its_body_comes_once_one_as_long_was_refused(app: FastAPI, port: int):
    batch = whole(KEY, CLOSE, body=json.dumps({"headlines": ["oil"] * 10}).encode()).replace(b"ict ", b"ict/batch ")
    head = batch.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    with app.state.service.limiter.held(1):
        assert statuses(exchange(port, batch)) == [503]
        assert statuses(exchange(port, head)) == [503]
        assert statuses(exchange(port, whole(KEY, CLOSE))) == [200]
    assert statuses(exchange(port, batch)) == [200]


def test_it_is_counted_and_logged_like_any_other(capsys: pytest.CaptureFixture[str], tiny_bundle: Path):
    app = create_app(load_settings(model=tiny_bundle, max_batch=10, max_in_flight=10))
    with in_thread(app) as port, app.state.service.limiter.held(10):
        for more in ((), (b"Origin: https://a.org",)):
            exchange(port, whole(b"X-Request-ID: one", CLOSE, *more))
        value = read(asyncio.run(app.state.service.metrics.exposition()).decode())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"request"' in line]
    assert len(lines) == 2
    for line in lines:
        line.pop("timestamp")
        assert 0 <= line.pop("milliseconds") < 1000
    assert lines[0] == lines[1]
    assert (lines[0]["route"], lines[0]["status"], lines[0]["request_id"]) == ("/predict", 503, "one")
    assert value("topics_rejected_total", reason="overloaded") == 2
    labels = {"route": "/predict", "method": "POST", "status": 503}
    assert value("http_requests_total", **labels) == value("http_request_duration_seconds_count", **labels) == 2


@pytest.mark.parametrize("key", [b"X-API-Key: wrong", b"X: y"])
def test_request_without_a_key_is_401_even_if_the_service_is_full(full: int, key: bytes):
    assert statuses(exchange(full, whole(key, CLOSE))) == [401]


def test_browser_may_read_its_refusal(full: int):
    received = exchange(full, whole(KEY, CLOSE, b"Origin: https://a.org"))
    assert statuses(received) == [503]
    assert b"access-control-allow-origin: https://a.org" in received


def test_draining_process_still_says_that_the_connection_ends(app: FastAPI, full: int):
    app.state.service.begin_draining()
    received = exchange(full, whole(KEY))
    app.state.service.phase = "ready"
    assert statuses(received) == [503]
    assert b"connection: close" in received


@pytest.mark.parametrize("method", [b"GET", b"OPTIONS"])
def test_only_prediction_requests_are_refused(full: int, method: bytes):
    request = method + b" /predict HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + KEY + b"\r\n\r\n"
    assert statuses(exchange(full, request)) == [405]
    assert statuses(exchange(full, b"GET /health/live HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n\r\n")) == [200]


def chunked(body: bytes) -> bytes:
    return HEAD + KEY + b"\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


@pytest.mark.parametrize("make", [lambda body: whole(KEY, body=body), chunked])
@pytest.mark.parametrize("size", [100, 1_000_000])
def test_connection_serves_on_when_there_is_room_again(
    app: FastAPI, port: int, make: Callable[[bytes], bytes], size: int
):
    """Body bytes that arrive after the refusal belong to the refused request."""
    smuggled = b"GET /model HTTP/1.1\r\nHost: x\r\n\r\n"
    request = make(smuggled * (size // len(smuggled)))
    head = request.index(b"\r\n\r\n") + 4
    middle = (head + len(request)) // 2

    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        with app.state.service.limiter.held(10):
            connection.sendall(request[:middle])
            received = connection.recv(65536)
        connection.sendall(request[middle:] + whole(KEY, CLOSE))
        while data := connection.recv(65536):
            received += data
    assert statuses(received) == [503, 200]


def test_pipelined_requests_are_refused_in_order(full: int):
    requests = [whole(KEY, b"X-Request-ID: %d" % number) for number in range(1000)]
    requests[500] = requests[500].replace(b"/predict ", b"/nowhere ")
    received = exchange(full, b"".join(requests))
    assert re.findall(rb"x-request-id: (\d+)", received) == [b"%d" % number for number in range(1000)]
    assert statuses(received) == [*[503] * 500, 404, *[503] * 499]


def test_unread_answers_of_a_client_are_bounded(full: int):
    """Each waits until those before it have been read, and no further request is read meanwhile."""
    requests = whole(KEY) * 1000

    with socket.create_connection(("127.0.0.1", full), timeout=0.5) as connection, pytest.raises(TimeoutError):
        connection.sendall(requests * 1000)


def test_client_that_asks_first_is_not_asked_for_its_body(full: int):
    head = whole(KEY, b"Expect: 100-continue").partition(b"\r\n\r\n")[0]
    assert statuses(exchange(full, head + b"\r\n\r\n")) == [503]


@pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/1.1"])
def test_connection_that_is_to_be_closed_is_closed(full: int, version: bytes):
    received = exchange(full, whole(KEY, CLOSE).replace(b"HTTP/1.1", version))
    assert statuses(received) == [503]
    assert b"connection: close" in received


def test_body_that_stops_after_its_refusal_ends_the_connection(full: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bounded_connection, "ARRIVAL_SECONDS", 0.2)
    begun = time.monotonic()
    assert statuses(exchange(full, HEAD + KEY + b"\r\nContent-Length: 1000\r\n\r\n" + b" " * 10)) == [503]
    assert time.monotonic() - begun < 0.55  # and not only gone quiet, for which `exchange` waits 0.6 seconds


def test_idle_connection_is_closed_in_time_also_after_a_refusal(tiny_bundle: Path):
    app = create_app(load_settings(model=tiny_bundle, max_batch=10, max_in_flight=10, access_log=False))
    with (
        in_thread(app, timeout_keep_alive=0.2) as port,
        socket.create_connection(("127.0.0.1", port), timeout=3) as connection,
        app.state.service.limiter.held(10),
    ):
        request = whole()
        connection.sendall(request[:-5])
        assert statuses(connection.recv(65536)) == [503]
        connection.sendall(request[-5:])
        assert connection.recv(65536) == b""
