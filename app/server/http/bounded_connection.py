"""One connection: time and memory limits, refusal of requests, and closing."""

import asyncio
from copy import copy
from functools import partial
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from app.errors import ApiError, NotReadyError, OverloadedError, SlowRequestError
from app.server.http.connections import CONNECTIONS_KEY, FREE_BYTES, Connections
from app.server.http.movable_timer import MovableTimer
from app.server.http.read_gate import ReadGate
from app.server.http.transport import CoalescingTransport
from app.server.http.unparsed_bytes import UnparsedBytes
from app.serving.draining import FINISH_SECONDS

ARRIVAL_SECONDS = 10.0
"""Maximum time for a request to arrive, headers and body. A new connection has the same time for its first byte."""

LINGER_SECONDS = 2.0
"""Time for which a refused client may continue to send before its connection is closed (nginx: lingering_close).

If a connection is closed with unread bytes, the kernel resets it, and the client may not receive the answer.
"""

FRESH_SECONDS = 1
"""Time for which a connection without a request may still send one when the process stops.

This also holds for connections that were used before: if the process or the whole machine was suspended while it
should have drained, their requests are read only afterwards.
"""

UNREAD_SECONDS = FINISH_SECONDS - 0.5
"""Time for which a client may read its answer, or send the rest of its request, when the process stops.

When FINISH_SECONDS have passed, uvicorn cancels the requests in progress and logs a traceback for each: with 180
clients that did not read, the process had not ended after END_SECONDS.
"""

LAST_SECONDS = FINISH_SECONDS - 0.1
"""Time after which a refused client may no longer send when the process stops.

uvicorn looks every 0.1 s whether connections are left; after FINISH_SECONDS it logs an error.
"""

_MAPPED = "::ffff:"
"""Before the address of an IPv4 client on a socket that listens on IPv6; TOPICS_TRUSTED_PROXIES has it without."""


class BoundedConnection(HttpToolsProtocol):
    """Limits the time and memory of a connection, and closes it so that the client can read the answer.

    uvicorn lacks: a time limit for requests (https://github.com/Kludex/uvicorn/issues/157), any limit on the memory
    that connections hold together, and problems (RFC 9457) instead of its plain-text 400. Effect: 408 after 10 s, and
    290 MiB resident under the attacks of tests/operation/test_memory.py, which took 1 to 2.4 GB without (decision 17).
    Delete when: uvicorn has these limits and a hook for errors, or clients reach the service only through a proxy that
    buffers requests and answers.
    """

    _awaiting = True
    """Whether a request is expected or incomplete: on a new connection, or after its first byte."""
    _answering: RequestResponseCycle | None = None
    """The last request that was passed to the application; `cycle` may be a pipelined one after it."""
    _unparsed: UnparsedBytes | None = None
    """Bytes of pipelined requests."""
    _received = 0
    """Bytes received since the last answer, and before it those of requests that it did not answer."""
    _reserved = 0
    """Number of those bytes that are counted in `Connections`."""
    _body_bytes = 0
    """Received bytes of the current body."""
    _overhead = 0
    """Bytes of the head, or since the last piece of body data."""
    _unread_since: float | None = None
    """Time of the loop since which the client has been reading too slowly; None if it is not."""
    _error: ApiError | None = None
    """The error because of which nothing more of this connection is parsed."""
    _waited = 0.0
    """Seconds for which the request had been arriving when `_error` was set."""
    _hung_up = False
    """Whether the connection only stays open until its client has read the answer."""
    _stopping = False
    """Whether the process stops, so that the connection closes after the next answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection, and start the time limit of its first request."""
        super().connection_made(transport)
        if self.client is not None and self.client[0].startswith(_MAPPED):
            self.client = (self.client[0].removeprefix(_MAPPED), self.client[1])
        self._coalescing = CoalescingTransport(transport, self._hang_up)
        self._reading = ReadGate(transport)
        self.flow = FlowControl(self._reading)  # type: ignore[arg-type]
        self._timer = MovableTimer(self.loop, self._time_is_up)
        self._start_arrival()
        self._connections: Connections = self.app_state[CONNECTIONS_KEY]
        self._connections.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time limit, and give back everything that the connection held."""
        self._awaiting = False
        self._unread_since = None
        self._timer.close()
        self._unparsed = None
        if self._answering is not None:
            self._answering.disconnected = True  # uvicorn tells only the newest request
            self._answering.message_event.set()
        super().connection_lost(exc)
        self._free()
        self._connections.closed(self)

    def pause_writing(self) -> None:
        """Called when the client reads more slowly than its answer is written."""
        super().pause_writing()
        self._unread_since = self.loop.time()
        self._connections.write_paused(self)

    def resume_writing(self) -> None:
        """Called when the client has read most of its answer."""
        super().resume_writing()
        self._unread_since = None
        self._connections.write_resumed(self)

    def shutdown(self) -> None:
        """Called when the process stops.

        uvicorn lacks: it closes a connection whose next request is in transit, has arrived and was not read, or has
        arrived in part, and the kernel resets it. Effect: replacing workers loses no request
        (tests/operation/test_draining.py). Delete when: uvicorn merges https://github.com/Kludex/uvicorn/pull/3124 or
        a similar change, also for connections that were used before.
        """
        self._stopping = True
        MovableTimer(self.loop, self._end_waiting).set(UNREAD_SECONDS)
        self.loop.call_later(LAST_SECONDS, self._end_lingering)
        self.timeout_keep_alive = FRESH_SECONDS
        if self._in_progress():
            super().shutdown()
        elif not self._arriving():
            self._awaiting = False  # no 408 for a new connection
            self._timer.set(FRESH_SECONDS)

    def _end_waiting(self) -> None:
        if self._unread_since is not None:
            self.drop_unread()
        elif self._arriving():
            self._fail(NotReadyError("This process is shutting down; send the request to another one."))

    def _end_lingering(self) -> None:
        if self._hung_up:
            self.transport.close()

    def waiting(self) -> tuple[bool, float] | None:
        """Whether the connection can be used further, and the time of the loop since which it waits for its client.

        None while a request is being processed. Connections that only wait for their client to read the last answer
        cannot be used further, and are closed first.
        """
        if self._hung_up or self.transport.is_closing():
            return False, self._timer.since
        if self._unread_since is not None:
            return True, self._unread_since
        return None if self._timer.at is None else (True, self._timer.since)

    def give_way(self) -> None:
        """Close the connection because the process has too many."""
        if self._hung_up or self.transport.is_closing():
            self.transport.abort()
        elif self._unread_since is not None:
            self.drop_unread()
        elif self._awaiting:
            self._fail(OverloadedError("There are too many connections; try again in a second."))
        else:
            self.transport.close()

    def drop_unread(self) -> None:
        """Close the connection at once because the client does not read its answers."""
        self._connections.errors.count_refusal("slow_reader")
        self.transport.abort()

    def flush(self) -> None:
        """Send a held head whose body has not been written yet."""
        self._coalescing.flush()

    def _reserve(self, size: int) -> bool:
        """Count `size` received bytes; returns False and refuses the request if they do not fit below the limit."""
        cycle, missing = self.cycle, self._missing()
        if self._awaiting and cycle is not None and cycle.scope is self.scope and cycle.response_complete:
            # uvicorn discards the rest of a request that has been answered, but not the next one.
            self._received = 0 if size <= missing else size
        more = max(self._received - FREE_BYTES, 0) - self._reserved
        if self._connections.reserve(self, more, self._reserved, missing):
            self._reserved += more
            return True
        self._fail(self._too_many_bytes())
        return False

    def refuse_body(self) -> None:
        """Refuse the request whose body is arriving, if one is, and free its bytes."""
        if self._in_body() and not self.pipeline:
            self._fail(self._too_many_bytes())

    def _too_many_bytes(self) -> OverloadedError:
        limit = self._connections.max_request_bytes // 2**20
        return OverloadedError(
            f"The requests that are arriving or not answered yet would have more than {limit} MiB; send smaller"
            " batches, or try again in a second."
        )

    def _free(self) -> None:
        """Count only the bytes of requests that are not answered."""
        cycle = self.cycle
        self._received = len(self._unparsed) if self._unparsed is not None else 0
        if self._awaiting and not self._in_body():
            self._received += self._overhead
        if cycle is not None and not cycle.response_complete and not cycle.disconnected:
            self._received += len(cycle.body)  # it arrived before the answer to the request before it
        if self._reserved:
            reserved = max(self._received - FREE_BYTES, 0)
            self._connections.free(self, self._reserved - reserved)
            self._reserved = reserved
            if reserved:
                self._connections.reserve(self, 0, reserved, self._missing())  # it may still be a large one

    def _start_arrival(self) -> None:
        self._timer.set(ARRIVAL_SECONDS)

    def _time_is_up(self) -> None:
        if self.pipeline:
            self._start_arrival()  # its bytes are not read while it waits for the answers before it
        elif self._awaiting:
            error = SlowRequestError(
                f"The request did not arrive within {ARRIVAL_SECONDS:g} seconds; send a smaller one, or use a faster"
                " connection."
            )
            self._fail(error, waited=ARRIVAL_SECONDS)
        else:  # idle between requests, or refused
            self.transport.close()

    def _fail(self, error: ApiError, waited: float = 0.0) -> None:
        """Stop parsing. The response to the arriving request is the error, after those to previous requests.

        If the arriving request has been answered already, the connection only closes. A body that is being read stops
        counting at once: otherwise, of requests that arrive together, each would be refused because of those refused
        before it. `waited`: seconds for which the request has been arriving, if the timer is not running.
        """
        if self._error is not None or self.transport.is_closing():
            return
        self._error = error
        self._reading.open()
        if self._awaiting:
            running = self._timer.at is not None
            self._waited = self.loop.time() - self._timer.since if running else waited
        self._unparsed = None
        cycle, in_body = self.cycle, self._in_body()  # the newest request, which may not be the one being answered
        self._awaiting = False
        self._timer.at = None
        if cycle is None or (cycle.response_complete and not in_body):
            self._refuse(error)
        elif cycle.response_complete:
            self._hang_up()
        elif in_body:
            self._watch_body(cycle)
            cycle.keep_alive = False
            cycle.body = bytearray()
            cycle.message_event.set()  # the application raises it, so it is counted and logged with its route
            if not self.pipeline:  # otherwise the request before it is unanswered, and counts until then
                self._free()  # the application drops the rest of the body in the next iteration of the loop
        # Otherwise `on_response_complete` refuses the request after the answers before it.

    def _in_progress(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def _arriving(self) -> bool:
        """Whether a request has arrived in part."""
        return self._awaiting and (self._received > 0 or self._in_body())

    def _in_body(self) -> bool:
        """Whether the head of a request is complete and its body is not."""
        return self._awaiting and self.scope is not None and "method" in self.scope

    def _missing(self) -> int:
        """Bytes of the current body that have not arrived; 0 if its length is unknown, or the head is incomplete."""
        if not self._in_body():
            return 0
        return next(
            (int(value) - self._body_bytes for name, value in self.scope["headers"] if name == b"content-length"), 0
        )

    def _watch_body(self, cycle: RequestResponseCycle) -> None:
        """Let `_fail` end the body of a request that the application is reading.

        While the client waits for 100 Continue, also turn keep-alive off.
        """
        if "receive" not in vars(cycle):
            cycle.receive = partial(self._receive, cycle, cycle.keep_alive)  # type: ignore[method-assign]
            # A client that is answered before 100 Continue may send its body or omit it.
            cycle.keep_alive = cycle.keep_alive and not cycle.waiting_for_100_continue

    async def _receive(self, cycle: RequestResponseCycle, keep_alive: bool) -> Any:  # noqa: ANN401 - a message of ASGI
        if cycle.waiting_for_100_continue:
            cycle.keep_alive = keep_alive and not self._stopping
        message = await RequestResponseCycle.receive(cycle)
        if self._error is not None and cycle.more_body and not cycle.disconnected:
            raise copy(self._error)  # the traceback of what is raised holds the body, and the connection lives on
        return message

    def _refuse(self, error: ApiError) -> None:
        """Respond to a request without an ASGI call, and close the connection."""
        answer = self._connections.errors.answer(error, self._waited, self.client)
        answer.headers["connection"] = "close"
        headers: list[Any] = [*self.server_state.default_headers, *answer.raw_headers]
        head = b"".join(b"%b: %b\r\n" % header for header in headers)
        is_head = self.url and self.parser.get_method() == b"HEAD"  # the method is known if there is a target
        body = b"" if is_head else bytes(answer.body)
        self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[answer.status_code], head, body))
        self._hang_up()

    def _hang_up(self) -> None:
        """Close the connection; if more bytes may arrive, only after the client had time to read the answer."""
        if self.transport.is_closing() or self._hung_up:
            return
        more_may_arrive = self._awaiting or self._error is not None or self.pipeline or self._unparsed
        if not more_may_arrive or not self.transport.can_write_eof():
            self.transport.close()
            return
        self._hung_up = True
        self._awaiting = False
        self.pipeline.clear()
        self._unparsed = None
        self._free()  # what else arrives is discarded
        self.flow.resume_reading()
        self._reading.open()
        self.transport.write_eof()
        self._timer.set(LINGER_SECONDS)
