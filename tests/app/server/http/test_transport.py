import asyncio
from unittest.mock import Mock, call

import pytest

from app.server.http.transport import CoalescingTransport


@pytest.fixture
def inner() -> Mock:
    return Mock(spec=asyncio.Transport, **{"is_closing.return_value": False})


@pytest.fixture
def transport(inner: Mock) -> CoalescingTransport:
    return CoalescingTransport(inner, inner.close)


def test_head_waits_for_its_body_and_what_follows_does_not(inner: Mock, transport: CoalescingTransport):
    transport.write(b"head")
    assert inner.mock_calls == []
    transport.write(b"body")
    transport.write(b"more")
    assert inner.mock_calls == [call.writelines((b"head", b"body")), call.write(b"more")]


@pytest.mark.parametrize("end", ["end", "flush", "close"])
def test_head_without_a_body_is_not_lost(inner: Mock, transport: CoalescingTransport, end: str):
    transport.write(b"head")
    getattr(transport, end)()
    transport.flush()
    inner.write.assert_called_once_with(b"head")


@pytest.mark.parametrize("end", ["end", "flush", "close"])
def test_head_is_not_written_to_a_closed_connection(inner: Mock, transport: CoalescingTransport, end: str):
    inner.is_closing.return_value = True
    transport.write(b"head")
    getattr(transport, end)()
    inner.write.assert_not_called()


def test_head_of_the_next_answer_waits_too(inner: Mock, transport: CoalescingTransport):
    for _ in range(2):
        transport.write(b"head")
        transport.write(b"body")
        transport.end()
    assert inner.mock_calls == [call.writelines((b"head", b"body"))] * 2


def test_nothing_is_held_where_100_comes_before_the_head(inner: Mock, transport: CoalescingTransport):
    transport.pass_next()
    transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    inner.write.assert_called_once_with(b"HTTP/1.1 100 Continue\r\n\r\n")


@pytest.mark.parametrize("closing", [True, False])
def test_connection_that_closes_is_closing(inner: Mock, transport: CoalescingTransport, closing: bool):
    inner.is_closing.return_value = closing
    assert transport.is_closing() is closing
