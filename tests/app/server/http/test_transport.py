import asyncio
from unittest.mock import Mock, call

import pytest

from app.server.http.transport import CoalescingTransport


@pytest.fixture
def inner() -> Mock:
    return Mock(spec=asyncio.Transport)


@pytest.fixture
def transport(inner: Mock) -> CoalescingTransport:
    return CoalescingTransport(inner, inner.close)


def test_head_waits_for_its_body_and_what_follows_does_not(inner: Mock, transport: CoalescingTransport):
    transport.write(b"head")
    assert inner.mock_calls == []
    transport.write(b"body")
    transport.write(b"more")
    assert inner.mock_calls == [call.writelines((b"head", b"body")), call.write(b"more")]


@pytest.mark.parametrize("end", ["end", "flush", "close", "write_eof"])
def test_head_without_a_body_is_not_lost(inner: Mock, transport: CoalescingTransport, end: str):
    transport.write(b"head")
    getattr(transport, end)()
    assert inner.mock_calls[0] == call.write(b"head")
    transport.flush()
    assert inner.write.call_count == 1


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


def test_what_is_held_counts_as_not_written(inner: Mock, transport: CoalescingTransport):
    inner.get_write_buffer_size.return_value = 5
    assert transport.get_write_buffer_size() == 5
    transport.write(b"head")
    assert transport.get_write_buffer_size() == 9


def test_everything_else_is_passed_on(inner: Mock, transport: CoalescingTransport):
    for name in ("abort", "can_write_eof", "is_closing", "is_reading", "pause_reading", "resume_reading"):
        assert getattr(transport, name)() is getattr(inner, name).return_value or name in {
            "abort",
            "pause_reading",
            "resume_reading",
        }
        getattr(inner, name).assert_called_once_with()
    assert transport.get_extra_info("peername", 1) is inner.get_extra_info.return_value
    inner.get_extra_info.assert_called_once_with("peername", 1)
    own = {name for name in vars(CoalescingTransport) if not name.startswith("_")}
    public = {name for base in asyncio.Transport.__mro__ for name in vars(base) if not name.startswith("_")}
    assert public <= own
