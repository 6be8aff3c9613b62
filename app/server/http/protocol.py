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
    MAX_LENGTH_DIGITS,
    MAX_TARGET_BYTES,
    target_too_long,
    too_many_headers,
    validated_target,
)
from app.server.http.unparsed_bytes import HEAD_END, MAX_PIECE, MIN_PIECE, UnparsedBytes
from app.server.http.upgrade import parser_after_upgrade

MAX_HEAD_BYTES = 64 * 1024
"""Maximum bytes of request line and headers, and of chunk headers and trailers between two pieces of a body."""

_SHORT = 200
"""Longer targets and hosts are checked for every request, so that an idle connection keeps at most this many bytes."""

_MIN_COUNTED = 64
"""Bytes for which a shorter piece counts: to parse one takes 3 us, whatever its length."""

_DISCARD: Any = deque(maxlen=0)
"""Discards trailers, which uvicorn would add to the request's headers."""


class HttpProtocol(BoundedConnection):
    """Parses at most one request ahead of the one being answered, checks heads, and limits all that is not a body.

    uvicorn lacks: limits on heads and trailers (https://github.com/Kludex/uvicorn/issues/157), and on pipelined
    requests, which it parses into objects of a hundred times their size; the checks of `request_head`
    (https://github.com/Kludex/uvicorn/pull/3125 for Host); the bodies of requests that ask for an upgrade (`upgrade`).
    Effect: one connection that sends 82 MiB of trailers no longer takes 2.4 GB (decision 17). It costs 1 us per
    request. A part can be deleted when uvicorn has it.

    Methods that run for every request call uvicorn's by its class, which takes half the time of `super()`.
    """

    url = b""
    """Target of the arriving request, as far as it has arrived; empty between requests."""
    _ended = False
    """Whether the bytes parsed last contained the end of a request."""
    _pieces: list[bytes]
    """Body data in the bytes that are being parsed."""
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
        """Parse an ordinary request at once; buffer bytes that may hold more than one.

        Replaces uvicorn's method, which parses all bytes at once, without counting them.
        """
        if self._error is not None or self._hung_up:
            return
        self._received += len(data)
        if self._received > FREE_BYTES and not self._reserve(len(data)):
            return
        if self._unparsed is not None:
            self._unparsed.add(data)
            return
        if self._may_hold_two_requests(data):
            self._unparsed = UnparsedBytes(data)
            self._parse_next()
        else:
            self._parse(data)

    def _may_hold_two_requests(self, data: bytes) -> bool:
        """Whether bytes have two blank lines, each of which may end a head, or are a long piece, to parse in parts."""
        # Nothing after the last carriage return is a head or a chunk. To search a body of JSON would take 1 us per KB.
        end = data.rfind(b"\r") + 2
        return data.count(HEAD_END, 0, end) > 1 or (end > MAX_PIECE and not self._missing())

    def _parse_next(self) -> None:
        """Parse one buffered request, or MAX_PIECE bytes of it; the next one when this one is answered."""
        self._ended, self._parsing = False, True
        read = 0
        while (unparsed := self._unparsed) and not self._ended and read < MAX_PIECE:
            missing = self._missing()
            piece = unparsed.take(missing, MIN_PIECE if self._in_body() else 0)
            read += 0 if missing else max(len(piece), _MIN_COUNTED)
            self._parse(piece)
        if self._unparsed and not self._ended:
            self._reading.shut()
            self.loop.call_soon(self._parse_next)  # let other connections run
            return
        self._parsing = False
        if not self._unparsed:
            self._unparsed = None
            self._reading.open()
            if self._timer.at is None and not self._in_progress():
                self._timer.set(self.timeout_keep_alive)  # these bytes were blank lines after a request
        elif self._may_parse_next():
            self._parse_soon()
        else:
            self._reading.shut()

    def _may_parse_next(self) -> bool:
        """Whether the newest request is answered, or is being answered and its body has not arrived completely."""
        return self.cycle.response_complete or (self._in_body() and not self.pipeline)

    def _parse_soon(self) -> None:
        self._timer.at = None
        self._reading.shut()
        self._parsing = True
        self.loop.call_soon(self._parse_next)

    def _parse(self, data: bytes | memoryview) -> None:
        """Feed bytes to httptools, pass on the body, enforce the limits, and start the time limit for the rest."""
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
            cause = error.__context__  # what a callback raised, such as `on_headers_complete`
            if not isinstance(cause, ApiError):
                cause = MalformedRequestError("The bytes received are not an HTTP/1.1 request; send it again.")
            self._fail(cause)
        if self._pieces:
            self._pass_on()
        if self._awaiting:
            self._enforce_limits(len(data), got_body=self._ended or self._body_bytes > body_bytes)
            if self._awaiting and self._timer.at is None:
                self._start_arrival()

    def _enforce_limits(self, size: int, got_body: bool) -> None:
        """Check the limits of a request of which `size` bytes have been parsed, with or without body data."""
        self._overhead = 0 if got_body else self._overhead + size
        if self._overhead > MAX_HEAD_BYTES:
            what = "headers" if self._has_long_head() else "chunk extensions or trailers"
            self._fail(
                MalformedRequestError(f"The request has more than {MAX_HEAD_BYTES:,} bytes of {what}; send fewer.")
            )
        elif self._in_body():
            self._watch_body(self.cycle)
        elif len(self.url) > MAX_TARGET_BYTES:
            self._fail(target_too_long())
        elif self.headers and len(self.headers) > MAX_HEADERS:
            self._fail(too_many_headers())

    def _has_long_head(self) -> bool:
        """Whether most of `_overhead` is the head, and not what a chunked body has besides data."""
        if not self._in_body():
            return True
        headers: list[tuple[bytes, bytes]] = list(self.scope["headers"])
        return not self._body_bytes and 2 * sum(len(name) + len(value) for name, value in headers) > MAX_HEAD_BYTES

    def on_message_begin(self) -> None:
        """httptools: the first byte of a request."""
        self._awaiting = True
        self._overhead = self._body_bytes = 0
        self._timer.at = None
        HttpToolsProtocol.on_message_begin(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        """httptools: a header.

        Replaces uvicorn's method. httptools lacks: it keeps the whitespace after a value, which is no part of it (RFC
        9110, 5.5). Effect: `Host: x ` is not refused. Delete when: httptools or uvicorn removes it.
        """
        name, value = name.lower(), value.rstrip(b" \t")
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """httptools: the head is complete. Exceptions raised here reach `_parse`.

        Override: uvicorn and httptools accept heads that a proxy in front may read differently. Repeated values of a
        connection are compared with those of its last request: 0.7 us instead of 2. A new check in `validated_target`
        needs its condition here.
        """
        names = dict(self.headers)
        version = self.parser.get_http_version()
        if (
            self.url != self._target
            or names.get(b"host") != self._host
            or len(names) != len(self.headers)
            or len(self.headers) > MAX_HEADERS
            or b"expect" in names
            or b"transfer-encoding" in names
            or len(names.get(b"content-length", b"")) > MAX_LENGTH_DIGITS
            or version != "1.1"
        ):
            self._validate_head(version, names)
        HttpToolsProtocol.on_headers_complete(self)
        self.headers = _DISCARD

    def _validate_head(self, version: str, names: dict[bytes, bytes]) -> None:
        target = validated_target(version, self.parser.get_method(), self.url, self.headers, names)
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
        if self._stopping:
            cycle.keep_alive = False
        cycle.transport = self._coalescing
        self._answering = cycle
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
        self._awaiting = False
        self._ended = True
        self._body_bytes = 0
        self.url = b""
        self._timer.at = None
        HttpToolsProtocol.on_message_complete(self)
        if self.cycle.response_complete:  # it was answered before its body was complete
            self._timer.set(self.timeout_keep_alive)

    def on_response_complete(self) -> None:
        """uvicorn: the last byte of a response has been written.

        Replaces uvicorn's method, which starts a timer after each request and cancels it at the next. Effect: 1 us
        less processor time per request, and one place where the next pipelined request begins. Delete when: uvicorn has
        no timer for each request; then `_coalescing.end`, `_free` and the lines after the comment remain.
        """
        self._coalescing.end()
        if self._hung_up:
            return
        self.server_state.total_requests += 1
        if self._received:
            self._free()
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            if self._awaiting:
                self._start_arrival()
        elif not self._awaiting:
            self._timer.set(self.timeout_keep_alive)
        # `self.cycle` is the newest request, not necessarily the one just answered.
        if self._error is not None:
            if self.cycle.response_complete:
                self._refuse(self._error)
        elif self._unparsed and not self._parsing and self._may_parse_next():
            self._parse_soon()
