"""uvicorn's HTTP protocol with the four things that it leaves out."""

import asyncio
from typing import Any

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from app.api.door import DOOR
from app.api.errors import ApiError, MalformedRequestError, SlowRequestError
from app.api.problems import problem
from app.api.request_id import new_request_id
from app.one_write import OneWrite

ARRIVAL_SECONDS = 10.0
"""A request, headers and body, that takes longer to arrive is given up; uvicorn would wait for ever."""

MAX_HEAD_BYTES = 64 * 1024
"""Request line and headers that have more are given up; neither uvicorn nor httptools counts them."""

FRESH_SECONDS = 1.0
"""A connection that has not been used yet when the process stops may still bring a request for this long."""


class Protocol(HttpToolsProtocol):
    """Slow senders time out, malformed requests get a problem, stopping loses no request, and refusing costs little."""

    _arriving = True
    _ended = False
    """Whether a request has ended in the bytes that came last."""
    _head_bytes = 0
    _arrival_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected: its first request is due."""
        super().connection_made(transport)
        self._watch_arrival()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._arriving = False
        self._watch_arrival()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Most requests come whole, in one piece, and never see a timer."""
        self._ended = False
        super().data_received(data)
        if self._arriving and not self._ended:  # else most of these bytes are of the requests before
            self._watch_head(len(data))
        self._watch_arrival()

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._arriving = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """The last byte of it."""
        self._arriving = False
        self._ended = True
        super().on_message_complete()
        if self.cycle.response_complete and self.timeout_keep_alive_task is None:
            # Answered before its body was all there, whose arrival has stopped uvicorn's timer for good.
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def shutdown(self) -> None:
        """The process stops. uvicorn closes idle connections at once, a fresh one with its request under way too."""
        if self.cycle is None and not self.transport.is_closing():
            self.loop.call_later(FRESH_SECONDS, super().shutdown)
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """What httptools cannot parse: no request exists yet, so the answer is written here."""
        self._refuse(MalformedRequestError("The bytes received are not an HTTP/1.1 request; send it again."))

    def _watch_head(self, received: int) -> None:
        if self.scope is None or "method" in self.scope:  # nothing yet, or the body already
            self._head_bytes = 0
            return
        self._head_bytes += received
        if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(MalformedRequestError(f"The request's headers have more than {MAX_HEAD_BYTES:,} bytes."))

    def _watch_arrival(self) -> None:
        if self._arriving and self._arrival_timer is None:
            self._arrival_timer = self.loop.call_later(ARRIVAL_SECONDS, self._too_slow)
        elif not self._arriving and self._arrival_timer is not None:
            self._arrival_timer.cancel()
            self._arrival_timer = None

    def _too_slow(self) -> None:
        self._arrival_timer = None
        # The last cycle is this request's only if its headers are complete; else the request before has it.
        answering = self.cycle is not None and self.cycle.scope is self.scope and self.cycle.response_started
        if answering or self.transport.is_closing():
            self.transport.close()
        else:
            self._refuse(SlowRequestError(f"The request did not arrive within {ARRIVAL_SECONDS:g} seconds."))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - uvicorn's own
        """The headers are in, and no answer of this connection is outstanding."""
        door = self.app_state.get(DOOR)
        # Who does not read its answers is not turned away in passing, or they would pile up here. Nor is what has
        # waited behind another request: each would start the next from within, however many there are.
        if door is not None and cycle is self.cycle and not self.flow.write_paused:
            answer = door.refusal(cycle.scope)
            if answer is not None:
                self._turn_away(cycle, answer)
                return
        # uvicorn writes nothing after the head of an answer to HEAD, and something before it to who expects 100.
        if cycle.scope["method"] != "HEAD" and not self.expect_100_continue:
            cycle.transport = OneWrite(self.transport)
        super()._start_asgi_task(cycle, app)

    def _turn_away(self, cycle: RequestResponseCycle, answer: Response) -> None:
        # With this uvicorn drops the body as it comes, and takes what follows for the next request.
        cycle.response_started = cycle.response_complete = True
        self._write(answer, [] if cycle.keep_alive else [(b"connection", b"close")])
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _refuse(self, error: ApiError) -> None:
        request_id = new_request_id()
        answer = problem(error, "", request_id)
        self._write(answer, [(b"x-request-id", request_id.encode()), (b"connection", b"close")])
        self.transport.close()

    def _write(self, answer: Response, more: list[tuple[bytes, bytes]]) -> None:
        headers: list[Any] = [*self.server_state.default_headers, *answer.raw_headers, *more]
        head = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[answer.status_code], head, bytes(answer.body)))
