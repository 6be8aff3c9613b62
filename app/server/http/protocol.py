"""uvicorn's HTTP/1.1 protocol on httptools: from received bytes to the ASGI call and the end of the response."""

import asyncio
from collections import deque
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.errors import ApiError, MalformedRequestError
from app.server.http.bounded_connection import BoundedConnection
from app.server.http.connections import FREE_BYTES
from app.server.http.request_head import (
    MAX_HEADERS,
    MAX_TARGET_BYTES,
    checked_target,
    target_too_long,
    too_many_headers,
)
from app.server.http.unparsed_bytes import HEAD_END, MAX_PIECE, UnparsedBytes
from app.server.http.upgrade import parser_after_upgrade

MAX_HEAD_BYTES = 64 * 1024
"""Maximum bytes of request line and headers, and of chunk headers and trailers between two pieces of a body."""

_SHORT = 200
"""Longer targets and hosts are checked for every request, so that an idle connection keeps at most this many bytes."""

_TRAILERS: Any = deque(maxlen=0)
"""Discards trailers, which uvicorn would add to the request's headers."""


class Protocol(BoundedConnection):
    """Parses one request at a time, checks its head, and limits everything that is not a body.

    uvicorn lacks: limits on heads and trailers (https://github.com/Kludex/uvicorn/issues/157), and on pipelined
    requests, which it parses into objects of a hundred times their size; the checks of `request_head`
    (https://github.com/Kludex/uvicorn/pull/3125 for Host); the bodies of requests that ask for an upgrade (`upgrade`).
    It buys: one connection that sends 82 MiB of trailers no longer takes 2.4 GB (decision 17). It costs 1 us per
    request. A part can be deleted when uvicorn has it.

    Methods that run for every request call uvicorn's by its class, which takes half the time of `super()`.
    """

    url = b""
    """Target of the arriving request; uvicorn does not set it before the first one."""
    _ended = False
    """Whether the bytes parsed last contained the end of a request."""
    _body_bytes = 0
    """Received bytes of the current body."""
    _pieces: list[bytes]
    """Body data in the bytes that are being parsed."""
    _overhead = 0
    """Bytes of the head, or since the last piece of body data."""
    _host: bytes | None = None
    """The last Host header that was checked."""
    _target = b""
    """The last target that was checked and needed no change."""
    _parsing = False
    """Whether pipelined bytes are being parsed, or will be in the next iteration of the loop."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Initialize the parser state."""
        super().connection_made(transport)
        self._pieces = []

    def data_received(self, data: bytes) -> None:
        """Replaces uvicorn's method, which parses all bytes at once, without counting them."""
        if self._error is not None or self._hung_up:
            return
        self._received += len(data)
        if self._received > FREE_BYTES and not self._hold():
            return
        if self._unparsed is not None:
            self._unparsed.add(data)
            return
        # Nothing after the last carriage return is a head or a chunk. To search a body of JSON would take 1 us per KB.
        end = data.rfind(b"\r") + 2
        if data.count(HEAD_END, 0, end) > 1 or (end > MAX_PIECE and not self._missing()):
            self._unparsed = UnparsedBytes(data)
            self._parse_next()
        else:
            self._parse(data)

    def _parse_next(self) -> None:
        """Parse one request, or MAX_PIECE bytes of it; the next one is parsed when this one is answered."""
        self._ended, self._parsing = False, True
        read = 0
        while (unparsed := self._unparsed) and not self._ended and read < MAX_PIECE:
            missing = self._missing()
            piece = unparsed.take(missing)
            read += 0 if missing else len(piece)
            self._parse(piece)
        if self._unparsed and not self._ended:
            self._reading.hold()
            self.loop.call_soon(self._parse_next)  # let other connections run
            return
        self._parsing = False
        if not self._unparsed:
            self._unparsed = None
            self._reading.release()
        elif self.cycle.response_complete:
            self._parse_soon()
        else:
            self._reading.hold()

    def _parse_soon(self) -> None:
        self._deadline.at = None
        self._reading.hold()
        self._parsing = True
        self.loop.call_soon(self._parse_next)

    def _missing(self) -> int:
        """Bytes of the current body that have not arrived; 0 if its length is unknown, or the head is incomplete."""
        if not self._in_body():
            return 0
        return next(
            (int(value) - self._body_bytes for name, value in self.scope["headers"] if name == b"content-length"), 0
        )

    def _parse(self, data: bytes | memoryview) -> None:
        """Like uvicorn's, but errors are problems, and a request for an upgrade keeps its body."""
        self._ended = False
        body_bytes = self._body_bytes
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self.parser, head = parser_after_upgrade(self, list(self.scope["headers"]))
            self._parse(head + bytes(data[upgrade.args[0] :]))
            return
        except HttpParserError as error:
            self._pieces.clear()
            cause = error.__context__
            if not isinstance(cause, ApiError):
                cause = MalformedRequestError("The bytes received are not an HTTP/1.1 request; send it again.")
            self._fail(cause)
        if self._pieces:
            self._pass_on()
        if self._arriving:
            if not self._ended:
                self._continue(0 if self._body_bytes > body_bytes else len(data))
            if self._arriving and self._deadline.at is None:
                self._start_arrival()

    def _continue(self, overhead: int) -> None:
        """Called when a request continues in later bytes; `overhead`: bytes that are not body data."""
        self._overhead = self._overhead + overhead if overhead else 0
        if self._overhead > MAX_HEAD_BYTES:
            what = "between two pieces of its body" if self._in_body() else "in its headers"
            self._fail(MalformedRequestError(f"The request has more than {MAX_HEAD_BYTES:,} bytes {what}."))
        elif self._in_body():
            self._watch_body(self.cycle)
        elif len(self.url) > MAX_TARGET_BYTES:
            self._fail(target_too_long())
        elif self.headers and len(self.headers) > MAX_HEADERS:
            self._fail(too_many_headers())

    def on_message_begin(self) -> None:
        """httptools: the first byte of a request."""
        self._arriving = True
        self._overhead = self._body_bytes = 0
        self._deadline.at = None
        HttpToolsProtocol.on_message_begin(self)

    def on_headers_complete(self) -> None:
        """httptools: the head is complete. Exceptions raised here reach `_parse`.

        Override: uvicorn and httptools accept heads that a proxy in front may read differently. Repeated values of a
        connection are compared with those of its last request: 0.7 us instead of 2.
        """
        names = dict(self.headers)
        version = self.parser.get_http_version()
        if (
            self.url != self._target
            or names.get(b"host") != self._host
            or not len(names) == len(self.headers) <= MAX_HEADERS
            or b"expect" in names
            or b"transfer-encoding" in names
            or version != "1.1"
        ):
            self._check_head(version, names)
        HttpToolsProtocol.on_headers_complete(self)
        self.headers = _TRAILERS

    def _check_head(self, version: str, names: dict[bytes, bytes]) -> None:
        target = checked_target(version, self.parser.get_method(), self.url, self.headers)
        if version == "1.0":
            self.expect_100_continue = False  # uvicorn would send 100, which HTTP/1.0 does not have
        if target == self.url and target.startswith(b"/") and version == "1.1":
            host = names[b"host"]
            if len(target) + len(host) < _SHORT:
                self._host, self._target = host, target
        self.url = target

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - uvicorn's own
        """uvicorn: the headers are complete, and all previous requests of the connection are answered.

        Override: see `CoalescingTransport`.
        """
        if cycle.waiting_for_100_continue:
            self._coalescing.pass_next()  # uvicorn writes the 100 before the head
        cycle.transport = self._coalescing
        HttpToolsProtocol._start_asgi_task(self, cycle, app)

    def on_body(self, body: bytes) -> None:
        """httptools: a piece of the body. All pieces of the bytes being parsed are passed on together.

        Override: uvicorn appends each piece to the body received so far, which copies that body every time. A body in
        chunks of one byte took 2 us per chunk: with 20 such clients, other clients waited for more than a second.
        """
        self._pieces.append(body)

    def _pass_on(self) -> None:
        body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._body_bytes += len(body)
        HttpToolsProtocol.on_body(self, body)

    def on_message_complete(self) -> None:
        """httptools: the last byte of a request."""
        if self.parser.should_upgrade():
            return  # llhttp ends such a request after its head
        if self._pieces:
            self._pass_on()
        self._arriving = False
        self._ended = True
        self._body_bytes = 0
        self._deadline.at = None
        HttpToolsProtocol.on_message_complete(self)
        if self.cycle.response_complete:  # it was answered before its body was complete
            self._deadline.set(self.timeout_keep_alive)

    def on_response_complete(self) -> None:
        """uvicorn: the last byte of a response has been written.

        Replaces uvicorn's method, which starts a timer after each request and cancels it at the next. It buys: 1 us
        of processor time per request, and one place where the next pipelined request begins. Delete when: uvicorn has
        no timer for each request; the lines after `elif` then follow a call of its method.
        """
        self._coalescing.end()
        if self._hung_up:
            return
        self.server_state.total_requests += 1
        if self._received:
            self._release()
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif not self._arriving:
            self._deadline.set(self.timeout_keep_alive)
        if not self.cycle.response_complete:
            return
        if self._error is not None:
            self._refuse(self._error)
        elif self._unparsed and not self._parsing:
            self._parse_soon()
