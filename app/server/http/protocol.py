"""uvicorn's HTTP protocol on httptools, with the limits and manners that it leaves out.

uvicorn has no limit on heads, trailers, pipelines or bodies in arrival and no time limit on any of them, nor on
clients that do not read (https://github.com/Kludex/uvicorn/issues/157); each method below says what it adds.
"""

import asyncio
from collections import deque
from functools import partial
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade
from starlette.responses import Response
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from app.api.middleware.load_shedding import LOAD_SHEDDER, LoadShedder, malformed
from app.errors import ApiError, MalformedRequestError, OverloadedError, SlowRequestError
from app.server.http.connections import CONNECTIONS, FREE_BYTES, Connections
from app.server.http.request_head import MAX_HEADERS, checked_target, too_many_headers
from app.server.http.transport import CoalescingTransport
from app.server.http.upgrade import parser_after_upgrade

ARRIVAL_SECONDS = 10.0
"""A request, headers and body, that takes longer to arrive is given up."""

MAX_HEAD_BYTES = 64 * 1024
"""Request line and headers that have more are refused, as is what a chunked body has between two pieces of data."""

FRESH_SECONDS = 1.0
"""A connection that has not been used yet when the process stops may still bring a request for this long."""

LINGER_SECONDS = 2.0
"""How long a client that is refused may go on sending before its connection is closed (nginx: lingering_close).

Closed with bytes unread, the kernel resets the connection, and the client may never see its answer.
"""

_HEAD_END = b"\r\n\r\n"

_TRAILERS: Any = deque(maxlen=0)
"""Where trailers go, which uvicorn would add to the request's headers."""


class _Flow(FlowControl):
    """uvicorn's, which lets an application that waits for its client to hang up read its next requests meanwhile."""

    held = False
    """Whether nothing is read before what has been read is parsed."""

    def resume_reading(self) -> None:
        if not self.held:
            super().resume_reading()

    def hold(self) -> None:
        self.held = True
        self.pause_reading()


class Protocol(HttpToolsProtocol):
    """One connection."""

    flow: _Flow

    _arriving = True
    """Whether a request is due or under way."""
    _ended = False
    """Whether a request has ended in the bytes parsed last."""
    _payload = False
    """Whether some of a body was among them."""
    _body_bytes = 0
    """Bytes of the body that have come."""
    _overhead = 0
    """Bytes of the head, or since the last piece of the body."""
    _received = 0
    """Bytes since nothing was left to be answered."""
    _held = 0
    """Those of them that count in `Connections`."""
    _together: bytes = b""
    """Bytes with several requests in them, parsed one at a time.."""
    _parsed = 0
    """.. up to here."""
    _parsing = False
    """Whether that is being done, and not waiting for an answer."""
    _error: ApiError | None = None
    """Why nothing more of this connection is parsed."""
    _waited = 0.0
    """Seconds that the request had been in arrival by then."""
    _hung_up = False
    """Whether it closes once the client has read its answer."""
    _arrival_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected: its first request is due."""
        super().connection_made(transport)
        self.flow = _Flow(transport)
        self._shedder: LoadShedder | None = self.app_state.get(LOAD_SHEDDER)  # the port of the metrics has none
        self._connections: Connections = self.app_state[CONNECTIONS]
        self._one_write = CoalescingTransport(transport, self.loop, self._hang_up)
        self._watch_arrival()
        self._connections.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._arriving = False
        self._watch_arrival()
        self._together = b""
        self._release()
        self._connections.closed(self)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not read as fast as it is answered."""
        super().pause_writing()
        self._connections.write_paused(self)

    def resume_writing(self) -> None:
        """It has read most of it."""
        super().resume_writing()
        self._connections.write_resumed(self)

    def data_received(self, data: bytes) -> None:
        """Most requests come whole, in one piece, and never see a timer or a limit."""
        if self._error is not None or self._hung_up:
            return
        self._received += len(data)
        if self._received > FREE_BYTES and not self._hold():
            return
        if self._together:
            self._together += data
        elif data.count(_HEAD_END) > 1:
            self._together, self._parsed = data, 0
            self._parse_one()
        else:
            self._parse(data)

    def _parse_one(self) -> None:
        """Parse one of several requests that came together; the next has to wait until this one is answered.

        uvicorn makes requests of all that it has read, 256 KiB, of which each takes up a hundred times its bytes.
        """
        self._ended, self._parsing = False, True
        while self._parsed < len(self._together) and not self._ended:
            if self._in_body() and (length := self._length):
                end = self._parsed + length - self._body_bytes
            else:  # it ends with a blank line
                end = self._together.find(_HEAD_END, self._parsed) + len(_HEAD_END)
                if end < len(_HEAD_END):
                    end = len(self._together)
            piece = memoryview(self._together)[self._parsed : end]
            self._parsed += len(piece)
            self._parse(piece)
        self._parsing = False
        if self._parsed >= len(self._together):
            self._together = b""
            self.flow.held = False
            if not self._in_body():  # for whose next bytes the application asks
                self.flow.resume_reading()
        elif self.cycle.response_complete:
            self._parse_soon()
        else:
            self.flow.hold()

    def _parse_soon(self) -> None:
        self._unset_keepalive_if_required()
        self.flow.hold()
        self._parsing = True
        self.loop.call_soon(self._parse_one)

    def _parse(self, data: bytes | memoryview) -> None:
        """As uvicorn, but errors are problems, and a request that asks for an upgrade keeps its body."""
        self._unset_keepalive_if_required()
        self._ended = self._payload = False
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self.parser, head = parser_after_upgrade(self, list(self.scope["headers"]))
            self._parse(head + bytes(data[upgrade.args[0] :]))
            return
        except HttpParserError as error:
            cause = error.__context__
            if not isinstance(cause, ApiError):
                cause = MalformedRequestError("The bytes received are not an HTTP/1.1 request; send it again.")
            self._fail(cause)
        if self._arriving and not self._ended:
            self._continue(0 if self._payload else len(data))
        self._watch_arrival()

    def _continue(self, overhead: int) -> None:
        """The request goes on in later bytes; 0: some of these were of its body."""
        self._overhead = self._overhead + overhead if overhead else 0
        if self._overhead > MAX_HEAD_BYTES:
            what = "between two pieces of its body" if self._in_body() else "in its headers"
            self._fail(MalformedRequestError(f"The request has more than {MAX_HEAD_BYTES:,} bytes {what}."))
        elif self._in_body():
            self._watch_body(self.cycle)
        elif self.headers and len(self.headers) > MAX_HEADERS:
            self._fail(too_many_headers())

    def _watch_body(self, cycle: RequestResponseCycle) -> None:
        if "receive" not in vars(cycle):
            cycle.receive = partial(self._receive, cycle, cycle.keep_alive)  # type: ignore[method-assign]
            # A client that is answered before it is asked for its body may send it or leave it out.
            cycle.keep_alive = cycle.keep_alive and not cycle.waiting_for_100_continue

    async def _receive(self, cycle: RequestResponseCycle, keep_alive: bool) -> Any:  # noqa: ANN401 - a message of ASGI
        """The application's `receive` for a body that comes in pieces: raises what ends its arrival early."""
        if cycle.waiting_for_100_continue:
            cycle.keep_alive = keep_alive
        message = await RequestResponseCycle.receive(cycle)
        if self._error is not None and cycle.more_body and not cycle.disconnected:
            raise self._error
        return message

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._arriving = True
        self._overhead = self._body_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is in; raises what httptools does not see, and `_parse` catches."""
        version = self.parser.get_http_version()
        self.url = checked_target(version, self.parser.get_method(), self.url, self.headers)
        if version == "1.0":
            self.expect_100_continue = False
        super().on_headers_complete()
        self.headers = _TRAILERS

    def on_body(self, body: bytes) -> None:
        """A piece of it."""
        self._payload = True
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The last byte of a request."""
        if self.parser.should_upgrade():
            return  # llhttp ends such a request with its head
        self._arriving = False
        self._ended = True
        super().on_message_complete()
        if self.cycle.response_complete and self.timeout_keep_alive_task is None:
            # Answered before its body was all there, whose arrival has stopped uvicorn's timer for good.
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_response_complete(self) -> None:
        """An answer is written."""
        if self._hung_up:
            return
        super().on_response_complete()
        if self._held or self._received:
            self._release()
        if self.transport.is_closing() or not self.cycle.response_complete:
            return
        if self._error is not None:
            self._refuse(self._error)
        elif self._together and not self._parsing:
            self._parse_soon()

    def shutdown(self) -> None:
        """The process stops. uvicorn closes idle connections at once, a fresh one with its request under way too."""
        if self.cycle is None and not self.transport.is_closing():
            self.loop.call_later(FRESH_SECONDS, super().shutdown)
        else:
            super().shutdown()

    def expires(self) -> float | None:
        """The loop's time when it is closed if its client sends nothing; None while an answer is being made."""
        timer = self._arrival_timer or self.timeout_keep_alive_task
        return None if timer is None or self._error is not None else timer.when()

    def give_way(self) -> None:
        """End, because there are too many connections."""
        if self._arriving:
            self._fail(OverloadedError("There are too many connections; try again in a second."))
        else:
            self.transport.close()

    def drop_unread(self) -> None:
        """End at once, because the client does not read its answers."""
        if self._shedder is not None:
            self._shedder.rejected("slow_reader")
        self.transport.abort()

    @property
    def _length(self) -> int:
        """Of the body, in bytes; 0 where only its end tells."""
        return next((int(value) for name, value in self.scope["headers"] if name == b"content-length"), 0)

    def _in_body(self) -> bool:
        """Whether a request has its head already and lacks something of its body."""
        return self._arriving and self.scope is not None and "method" in self.scope

    def _hold(self) -> bool:
        if (
            self._arriving
            and self.cycle is not None
            and self.cycle.scope is self.scope
            and self.cycle.response_complete
        ):
            self._received = 0  # uvicorn drops what is left of a request that is answered already
            return True
        more = self._received - FREE_BYTES - self._held
        if self._connections.hold(more):
            self._held += more
            return True
        self._fail(OverloadedError("Too many bytes of requests are held already; try again in a second."))
        return False

    def _release(self) -> None:
        left = len(self._together) - self._parsed if self._together else 0
        self._received = left
        held = max(left - FREE_BYTES, 0)
        self._connections.release(self._held - held)
        self._held = held

    def _watch_arrival(self) -> None:
        if self._arriving and self._arrival_timer is None:
            self._arrival_timer = self.loop.call_later(ARRIVAL_SECONDS, self._too_slow)
        elif not self._arriving and self._arrival_timer is not None:
            self._arrival_timer.cancel()
            self._arrival_timer = None

    def _too_slow(self) -> None:
        self._fail(SlowRequestError(f"The request did not arrive within {ARRIVAL_SECONDS:g} seconds."))

    def _fail(self, error: ApiError) -> None:
        """Parse no more. The request in arrival is answered with an error once those before it are answered."""
        if self._error is not None or self.transport.is_closing():
            return
        self._error = error
        self.flow.held = False
        if self._arrival_timer is not None:
            self._waited = ARRIVAL_SECONDS - max(self._arrival_timer.when() - self.loop.time(), 0.0)
        self._together = b""
        cycle, in_body = self.cycle, self._in_body()
        self._arriving = False
        self._watch_arrival()
        if cycle is None or (cycle.response_complete and not in_body):
            self._refuse(error)
        elif cycle.response_complete:
            self._hang_up()
        elif in_body:
            self._watch_body(cycle)
            cycle.keep_alive = False
            cycle.message_event.set()  # the application raises it, and so it is counted and logged with its route

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - uvicorn's own
        """The headers are in, and no answer of this connection is outstanding."""
        # Who does not read its answers is not turned away in passing, or they would pile up here. Nor is what has
        # waited behind another request: each would start the next from within, however many there are.
        if self._shedder is not None and cycle is self.cycle and not self.flow.write_paused:
            answer = self._shedder.refusal(cycle.scope)  # type: ignore[arg-type]
            if answer is not None:
                self._turn_away(cycle, answer)
                return
        # uvicorn writes nothing after the head of an answer to HEAD, and something before it to who expects 100.
        if cycle.scope["method"] != "HEAD" and not cycle.waiting_for_100_continue:
            self._one_write.begin()
        cycle.transport = self._one_write
        super()._start_asgi_task(cycle, app)

    def _turn_away(self, cycle: RequestResponseCycle, answer: Response) -> None:
        # With this uvicorn drops the body as it comes, and takes what follows for the next request.
        cycle.response_started = cycle.response_complete = True
        keep_alive = cycle.keep_alive and not cycle.waiting_for_100_continue
        self._write(answer, [] if keep_alive else [(b"connection", b"close")])
        if not keep_alive:
            self._hang_up()
        self.on_response_complete()

    def _refuse(self, error: ApiError) -> None:
        answer = malformed(error) if self._shedder is None else self._shedder.malformed(error, self._waited)
        self._write(answer, [(b"connection", b"close")])
        self._hang_up()

    def _write(self, answer: Response, more: list[tuple[bytes, bytes]]) -> None:
        headers: list[Any] = [*self.server_state.default_headers, *answer.raw_headers, *more]
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
        self._watch_arrival()
        self._unset_keepalive_if_required()
        self.flow.resume_reading()
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)
