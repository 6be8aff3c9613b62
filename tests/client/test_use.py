"""Clients that are closed, shared, forked or interrupted, and invalid proxy or certificate variables."""

import asyncio
import contextlib
import gc
import json
import multiprocessing
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx2
import pytest
from topics_client import (
    AsyncTopicsClient,
    InvalidResponseError,
    MisuseError,
    TopicsClient,
    UnreachableError,
)

from tests.client.foreign_server import ForeignServer, http
from tests.client.mock_service import (
    SINGLE,
    aclient,
    client,
    served,
)


def test_keyboard_interrupt_leaves_a_client_that_answers() -> None:
    answers = iter([KeyboardInterrupt(), None])

    def interrupt(request: httpx2.Request) -> httpx2.Response:
        if (error := next(answers)) is not None:
            raise error
        return served(request)

    one = client(interrupt)
    with pytest.raises(KeyboardInterrupt):
        one.predict("gold")
    assert one.predict("gold").best is not None


@pytest.mark.parametrize("status", [204, 301, 401, 404, 429, 500, 503])
def test_ready_is_false_for_every_status_but_200(status: int) -> None:
    assert client(lambda _: httpx2.Response(status)).ready() is False
    assert asyncio.run(aclient(lambda _: httpx2.Response(status)).ready()) is False


def test_ready_is_true_for_200_and_asked_once() -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        return httpx2.Response(200 if len(asked) < 3 else 503)

    assert client(answer).ready() is True
    assert asyncio.run(aclient(answer).ready()) is True
    assert client(answer).ready() is False
    assert asked == ["/health/ready"] * 3


def test_closed_client_says_so() -> None:
    one = client()
    one.close()
    one.close()
    for ask in (lambda: one.predict("gold"), lambda: one.predict_batch(["gold"]), one.topics, one.ready):
        with pytest.raises(MisuseError, match="closed"):
            ask()

    async def ask() -> None:
        other = aclient()
        await other.aclose()
        with pytest.raises(MisuseError, match="closed"):
            await other.predict("gold")

    asyncio.run(ask())


def test_awaited_client_in_a_second_event_loop_says_so() -> None:
    one = aclient()
    asyncio.run(one.predict("gold"))
    with pytest.raises(MisuseError, match="another event loop"):
        asyncio.run(one.predict("gold"))


def _ask_in_child(one: TopicsClient, results: Any) -> None:
    results.put(one.predict("gold").best.topic)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_forked_process_has_connections_of_its_own() -> None:
    done = threading.Event()

    def answer_once_and_stay_open() -> Iterator[bytes]:
        yield http(json.dumps(SINGLE).encode())[0].replace(b"Connection: close\r\n", b"")
        done.wait(60)

    context = multiprocessing.get_context("fork")
    with ForeignServer(answer_once_and_stay_open) as server, TopicsClient(server.url, timeout=20, retries=0) as one:
        one.predict("gold")
        results = context.Queue()
        child = context.Process(target=_ask_in_child, args=(one, results))
        child.start()
        child.join(60)
        assert child.exitcode == 0, "the child waits for an answer on its parent's connection"
        assert results.get(timeout=20) == "gold"
        done.set()


PROXIES = ["socks5://127.0.0.1:9", "foo://127.0.0.1:9", "http://[::", "socks4://x"]


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("kind", [TopicsClient, AsyncTopicsClient])
def test_proxy_of_the_environment_that_cannot_be_used_is_unreachable(
    kind: Any, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(UnreachableError, match="ALL_PROXY") as caught:
        kind("http://127.0.0.1:8000")
    assert caught.value.__cause__ is not None


def test_certificates_of_the_environment_that_are_not_there_are_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent.pem")
    with pytest.raises(UnreachableError, match="SSL_CERT_FILE"):
        TopicsClient("http://127.0.0.1:8000")


def test_client_that_is_closed_while_it_asks_says_so() -> None:
    one = client(lambda _: one.close() or _raise())
    with pytest.raises(MisuseError, match="closed") as caught:
        one.predict("gold")
    assert isinstance(caught.value.__cause__, RuntimeError)

    async def ask() -> None:
        async def close(_: httpx2.Request) -> httpx2.Response:
            await other.aclose()
            return _raise()

        other = aclient(close)
        with pytest.raises(MisuseError, match="closed"):
            await other.predict("gold")

    asyncio.run(ask())


def _closing_at_lookup(monkeypatch: pytest.MonkeyPatch, close: Callable[[], object]) -> None:
    """Call `close` while a client looks up the address of localhost, before it connects."""
    lookup = socket.getaddrinfo

    def closing(host: str, *more: Any, **named: Any) -> Any:
        close()
        return lookup("127.0.0.1", *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", closing)


# An unclosed socket is a ResourceWarning, and warnings are errors.
def test_client_that_is_closed_while_it_connects_leaves_no_open_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps(SINGLE).encode()
    answer = [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)]
    with ForeignServer(lambda: answer) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        one = TopicsClient(url)
        _closing_at_lookup(monkeypatch, one.close)
        assert one.predict("gold").best is not None

        async def ask() -> None:
            other = AsyncTopicsClient(url)
            loop = asyncio.get_running_loop()
            _closing_at_lookup(monkeypatch, lambda: asyncio.run_coroutine_threadsafe(other.aclose(), loop).result(10))
            assert (await other.predict("gold")).best is not None

        asyncio.run(ask())
        gc.collect()


def _raise() -> httpx2.Response:
    raise RuntimeError("the pool is closed")


def test_other_runtime_errors_of_a_transport_pass_through() -> None:
    with pytest.raises(RuntimeError, match="the pool"):
        client(lambda _: _raise()).predict("gold")
    with pytest.raises(RuntimeError, match="the pool"):
        asyncio.run(aclient(lambda _: _raise()).predict("gold"))


def test_forked_process_cannot_use_a_transport_of_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    one = client()
    assert one.predict("gold").best is not None
    monkeypatch.setattr("topics_client.client.os.getpid", lambda: -1)
    with pytest.raises(MisuseError, match="forked"):
        one.predict("gold")


def test_ready_is_false_for_an_answer_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("topics_client.exchange.MAX_ANSWER_BYTES", 10)
    assert client(lambda _: httpx2.Response(200, content=b"a" * 11)).ready() is False
    assert asyncio.run(aclient(lambda _: httpx2.Response(200, content=b"a" * 11)).ready()) is False
    assert client(lambda _: httpx2.Response(200, content=b"a" * 10)).ready() is True


def test_closed_client_stays_closed_in_a_forked_process(monkeypatch: pytest.MonkeyPatch) -> None:
    one = TopicsClient("http://127.0.0.1:1", retries=0)
    one.close()
    monkeypatch.setattr("topics_client.client.os.getpid", lambda: -1)
    with pytest.raises(MisuseError, match="closed"):
        one.predict("gold")


@pytest.mark.parametrize("body", [json.dumps(SINGLE).encode(), b"a" * 200_000])
def test_asynchronous_generators_of_the_client_are_closed_and_not_left_to_the_garbage_collector(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trio warns of those that are."""
    monkeypatch.setattr("topics_client.exchange.MAX_ANSWER_BYTES", 100_000)
    collected: list[str] = []

    async def ask() -> None:
        sys.set_asyncgen_hooks(finalizer=lambda one: collected.append(one.__qualname__))

        async def stream() -> AsyncIterator[str]:
            yield "gold"
            yield "oil"

        async with aclient() as one:
            answers = one.predict_iter(texts := stream(), batch_size=1)
            assert (await anext(answers)).best is not None
            await answers.aclose()
            await texts.aclose()
        with ForeignServer(lambda: http(body)) as server:
            async with AsyncTopicsClient(server.url) as other:
                with contextlib.suppress(InvalidResponseError):
                    await other.predict("gold")
        gc.collect()

    asyncio.run(ask())
    assert not {"split_async", "Response.aiter_bytes"} & set(collected)  # httpcore2 leaves one of its own
