"""uvicorn's HTTP protocol with the three things that it leaves out."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.api.envelope import new_request_id
from app.api.errors import MalformedRequestError, SlowRequestError
from app.api.problems import problem

HEADER_SECONDS = 10.0
"""A request line and headers that take longer to arrive are given up (uvicorn would wait for ever)."""

FRESH_SECONDS = 1.0
"""A connection that has not been used yet when the process stops may still bring a request for this long."""


class Protocol(HttpToolsProtocol):
    """Slow headers time out, malformed requests get a problem, and stopping loses no request on its way."""

    _header_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected: its first request is due."""
        super().connection_made(transport)
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._headers_came()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """The first byte of a next request: the rest of its headers is due."""
        super().on_message_begin()
        if self._header_timer is None:
            self._expect_headers()

    def on_headers_complete(self) -> None:
        """All headers are here; the body has a time limit of its own."""
        self._headers_came()
        super().on_headers_complete()

    def shutdown(self) -> None:
        """The process stops. uvicorn closes idle connections at once, a fresh one with its request under way too."""
        if self.cycle is None and not self.transport.is_closing():
            self.loop.call_later(FRESH_SECONDS, super().shutdown)
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """What httptools cannot parse: no request exists yet, so the answer is written here."""
        self._refuse(MalformedRequestError("The bytes received are not an HTTP/1.1 request; send it again."))

    def _expect_headers(self) -> None:
        self._header_timer = self.loop.call_later(HEADER_SECONDS, self._headers_late)

    def _headers_came(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _headers_late(self) -> None:
        self._header_timer = None
        if not self.transport.is_closing():
            self._refuse(SlowRequestError(f"No request arrived within {HEADER_SECONDS:g} seconds."))

    def _refuse(self, error: Exception) -> None:
        request_id = new_request_id()
        answer = problem(error, "", request_id)
        headers: list[Any] = [*answer.raw_headers, (b"x-request-id", request_id.encode()), (b"connection", b"close")]
        head = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(b"HTTP/1.1 %d Refused\r\n%b\r\n%b" % (answer.status_code, head, bytes(answer.body)))
        self.transport.close()
