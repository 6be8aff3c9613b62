"""One connection's time limit, and how a request is refused before it is complete."""

import asyncio
from functools import partial
from typing import Any

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from app.api.middleware.load_shedding import LOAD_SHEDDER, LoadShedder, malformed
from app.errors import ApiError, SlowRequestError
from app.server.http.deadline import Deadline
from app.server.http.flow import HoldableFlow
from app.server.http.transport import CoalescingTransport
from app.server.http.unparsed_bytes import UnparsedBytes

ARRIVAL_SECONDS = 10.0
"""Time for a request to arrive, headers and body."""

LINGER_SECONDS = 2.0
"""Time in which a refused client may go on sending before its connection is closed (nginx: lingering_close).

If bytes are unread when a connection is closed, the kernel resets it, and the client may never see the answer.
"""


class RefusingConnection(HttpToolsProtocol):
    """Refuses requests with problems (RFC 9457), and closes connections so that clients can read the answer.

    uvicorn lacks: a time limit for requests (https://github.com/Kludex/uvicorn/issues/157); problems in place of its
    plain-text 400, after which it closes at once; an end of a request's body other than the client's disconnect.
    It buys: 408 after 10 s instead of a connection that stays open as long as its client likes, and answers that
    clients still receive while they send. Delete when: uvicorn has a time limit for requests and a hook for errors.
    """

    flow: HoldableFlow

    _arriving = True
    """Whether a request is expected or incomplete: on a new connection, or after its first byte."""
    _unparsed: UnparsedBytes | None = None
    """Bytes of pipelined requests."""
    _error: ApiError | None = None
    """Why nothing more of this connection is parsed."""
    _waited = 0.0
    """Seconds that the request had been arriving when `_error` was set."""
    _hung_up = False
    """Whether the connection only waits for its client to read the answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time limit of the first request."""
        super().connection_made(transport)
        self.flow = HoldableFlow(transport)
        self._shedder: LoadShedder | None = self.app_state.get(LOAD_SHEDDER)  # the metrics port has none
        self._coalescing = CoalescingTransport(transport, self._hang_up)
        self._deadline = Deadline(self.loop, self._time_is_up)
        self._start_arrival()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time limit."""
        self._arriving = False
        self._deadline.close()
        self._unparsed = None
        super().connection_lost(exc)

    def _start_arrival(self) -> None:
        self._deadline.set(ARRIVAL_SECONDS)

    def _time_is_up(self) -> None:
        if self._arriving:
            self._fail(SlowRequestError(f"The request did not arrive within {ARRIVAL_SECONDS:g} seconds."))
        else:  # idle between requests, or refused
            self.transport.close()

    def _fail(self, error: ApiError) -> None:
        """Parse no more. The request in arrival is answered with an error once those before it are answered."""
        if self._error is not None or self.transport.is_closing():
            return
        self._error = error
        self.flow.held = False
        if self._arriving:
            left = 0.0 if self._deadline.at is None else self._deadline.at - self.loop.time()
            self._waited = ARRIVAL_SECONDS - max(left, 0.0)
        self._unparsed = None
        cycle, in_body = self.cycle, self._in_body()
        self._arriving = False
        self._deadline.at = None
        if cycle is None or (cycle.response_complete and not in_body):
            self._refuse(error)
        elif cycle.response_complete:
            self._hang_up()
        elif in_body:
            self._watch_body(cycle)
            cycle.keep_alive = False
            cycle.message_event.set()  # the application raises it, and so it is counted and logged with its route

    def _in_body(self) -> bool:
        """Whether a request has its head already and its body is incomplete."""
        return self._arriving and self.scope is not None and "method" in self.scope

    def _watch_body(self, cycle: RequestResponseCycle) -> None:
        """Let `_fail` end the body of a request that the application reads already."""
        if "receive" not in vars(cycle):
            cycle.receive = partial(self._receive, cycle, cycle.keep_alive)  # type: ignore[method-assign]
            # A client that is answered before it is asked for its body may send it or leave it out.
            cycle.keep_alive = cycle.keep_alive and not cycle.waiting_for_100_continue

    async def _receive(self, cycle: RequestResponseCycle, keep_alive: bool) -> Any:  # noqa: ANN401 - a message of ASGI
        if cycle.waiting_for_100_continue:
            cycle.keep_alive = keep_alive
        message = await RequestResponseCycle.receive(cycle)
        if self._error is not None and cycle.more_body and not cycle.disconnected:
            raise self._error
        return message

    def _refuse(self, error: ApiError) -> None:
        answer = malformed(error) if self._shedder is None else self._shedder.malformed(error, self._waited)
        self._write(answer, close=True)
        self._hang_up()

    def _write(self, answer: Response, close: bool) -> None:
        headers: list[Any] = [*self.server_state.default_headers, *answer.raw_headers]
        if close:
            headers.append((b"connection", b"close"))
        head = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[answer.status_code], head, bytes(answer.body)))

    def _hang_up(self) -> None:
        """Close the connection; if bytes may still come, only after its client had time to read the answer."""
        if self.transport.is_closing() or self._hung_up:
            return
        if not (self._arriving or self._error) or not self.transport.can_write_eof():
            self.transport.close()
            return
        self._hung_up = True
        self._arriving = False
        self.flow.resume_reading()
        self.transport.write_eof()
        self._deadline.set(LINGER_SECONDS)
