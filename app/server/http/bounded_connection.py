"""One connection: its time limit, its share of what the process may hold, how it refuses a request and how it ends."""

import asyncio
from functools import partial
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from app.errors import ApiError, OverloadedError, SlowRequestError
from app.server.http.connections import CONNECTIONS, FREE_BYTES, Connections
from app.server.http.deadline import Deadline
from app.server.http.read_gate import ReadGate
from app.server.http.transport import CoalescingTransport
from app.server.http.unparsed_bytes import UnparsedBytes

ARRIVAL_SECONDS = 10.0
"""Time for a request to arrive, headers and body."""

LINGER_SECONDS = 2.0
"""Time in which a refused client may go on sending before its connection is closed (nginx: lingering_close).

If bytes are unread when a connection is closed, the kernel resets it, and the client may never see the answer.
"""

FRESH_SECONDS = 1.0
"""When the process stops, a connection without a request so far may still bring one for this long."""


class BoundedConnection(HttpToolsProtocol):
    """Limits a connection in time and memory, and closes it so that its client can read the answer.

    uvicorn lacks: a time limit for requests (https://github.com/Kludex/uvicorn/issues/157), any limit on the memory
    that connections hold together, and problems (RFC 9457) in place of its plain-text 400. It buys: 408 after 10 s, and
    105 MiB resident under the attacks of tests/operation/test_memory.py, which took 1 to 2.4 GB without (decision 17).
    Delete when: uvicorn has these limits and a hook for errors, or clients reach the service only through a proxy that
    buffers requests and answers.
    """

    _arriving = True
    """Whether a request is expected or incomplete: on a new connection, or after its first byte."""
    _unparsed: UnparsedBytes | None = None
    """Bytes of pipelined requests."""
    _received = 0
    """Bytes received since all requests were answered."""
    _held = 0
    """Those of them that count in `Connections`."""
    _unread_since: float | None = None
    """The loop's time since when the client has not read enough of its answers; None: it has."""
    _error: ApiError | None = None
    """Why nothing more of this connection is parsed."""
    _waited = 0.0
    """Seconds that the request had been arriving when `_error` was set."""
    _hung_up = False
    """Whether the connection only waits for its client to read the answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection, and start the time limit of its first request."""
        super().connection_made(transport)
        self._coalescing = CoalescingTransport(transport, self._hang_up)
        self._reading = ReadGate(transport)
        self.flow = FlowControl(self._reading)  # type: ignore[arg-type]
        self._deadline = Deadline(self.loop, self._time_is_up)
        self._start_arrival()
        self._connections: Connections = self.app_state[CONNECTIONS]
        self._connections.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time limit, and give back everything that the connection held."""
        self._arriving = False
        self._deadline.close()
        self._unparsed = None
        super().connection_lost(exc)
        self._release()
        self._connections.closed(self)

    def pause_writing(self) -> None:
        """The client reads more slowly than it is answered."""
        super().pause_writing()
        self._unread_since = self.loop.time()
        self._connections.write_paused(self)

    def resume_writing(self) -> None:
        """The client has read most of its answer."""
        super().resume_writing()
        self._unread_since = None
        self._connections.write_resumed(self)

    def shutdown(self) -> None:
        """The process stops.

        uvicorn lacks: it closes a new connection whose first request is on its way, and the client sees a reset.
        It buys: replacing workers loses no request (tests/operation/test_serving.py). Delete when: uvicorn merges
        https://github.com/Kludex/uvicorn/pull/3124 or the like.
        """
        if self.cycle is None and not self.transport.is_closing():
            self.loop.call_later(FRESH_SECONDS, super().shutdown)
        else:
            super().shutdown()

    def waiting(self) -> tuple[bool, float] | None:
        """Whether it is of further use, and since when (the loop's time) it waits for its client to send or to read.

        None while an answer is being made. Connections that only wait until their client has read the last answer are
        of no use: they go first.
        """
        if self._hung_up or self.transport.is_closing():
            return False, self._deadline.since
        if self._unread_since is not None:
            return True, self._unread_since
        return None if self._deadline.at is None else (True, self._deadline.since)

    def give_way(self) -> None:
        """End, because the process has too many connections."""
        if self._hung_up or self.transport.is_closing():
            self.transport.abort()
        elif self._unread_since is not None:
            self.drop_unread()
        elif self._arriving:
            self._fail(OverloadedError("There are too many connections; try again in a second."))
        else:
            self.transport.close()

    def drop_unread(self) -> None:
        """End at once, because the client does not read its answers."""
        self._connections.errors.count("slow_reader")
        self.transport.abort()

    def flush(self) -> None:
        """Send the head of an answer whose body has not followed yet."""
        self._coalescing.flush()

    def _hold(self) -> bool:
        """Count the bytes received; False if there is no room for them."""
        cycle = self.cycle
        if self._arriving and cycle is not None and cycle.scope is self.scope and cycle.response_complete:
            self._received = 0  # uvicorn drops the rest of a request that is answered already
            return True
        more = self._received - FREE_BYTES - self._held
        if self._connections.hold(more):
            self._held += more
            return True
        self._fail(OverloadedError("Too many bytes of requests are held already; try again in a second."))
        return False

    def _release(self) -> None:
        """Count only what is not parsed yet."""
        self._received = len(self._unparsed) if self._unparsed is not None else 0
        if self._held:
            held = max(self._received - FREE_BYTES, 0)
            self._connections.release(self._held - held)
            self._held = held

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
        self._reading.release()
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
        """Answer a request that has no ASGI call, and hang up."""
        answer = self._connections.errors.answer(error, self._waited)
        headers: list[Any] = [*self.server_state.default_headers, *answer.raw_headers, (b"connection", b"close")]
        head = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[answer.status_code], head, bytes(answer.body)))
        self._hang_up()

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
        self._reading.release()
        self.transport.write_eof()
        self._deadline.set(LINGER_SECONDS)
