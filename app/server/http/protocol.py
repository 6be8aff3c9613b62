"""uvicorn's HTTP/1.1 protocol on httptools, with the checks and limits that it lacks.

The class is built in layers, each a subclass of the one before and in a module of its own: HttpToolsProtocol (uvicorn),
RefusingConnection, LimitedConnection, ParsingConnection, PipeliningConnection, Protocol.
`tests/app/server/test_uvicorn_contract.py` lists everything that they use of uvicorn and that is not documented.
"""

from typing import Any

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.server.http.pipelining_connection import PipeliningConnection


class Protocol(PipeliningConnection):
    """The start and the end of each request."""

    def on_response_complete(self) -> None:
        """uvicorn: the last byte of an answer is written.

        Replaces uvicorn's method, which starts a timer for each request and cancels it at the next one. It buys: 1 us
        of processor time a request, and one place where the next pipelined request begins. Delete when: uvicorn has no
        timer for each request; the lines after `elif` then follow a call of its method.
        """
        self._coalescing.flush()
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

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - uvicorn's own
        """uvicorn: the headers are complete, and no answer of this connection is outstanding.

        uvicorn lacks: a hook before the task is made, when a request can be refused without its body. It buys: 47 us of
        processor time for a refused batch of 30 KB; 62 us in the first lines of the request middleware (decision 11).
        Delete when: refusing costs as little in the middleware. `CoalescingTransport` says what `begin` is for.
        """
        # A client that does not read its answers is not refused here, or refusals would pile up in memory. Nor is a
        # request that has waited behind another one: each would start the next from within, however many there are.
        if self._shedder is not None and cycle is self.cycle and not self.flow.write_paused:
            answer = self._shedder.refusal(cycle.scope)  # type: ignore[arg-type]
            if answer is not None:
                self._turn_away(cycle, answer)
                return
        if not cycle.waiting_for_100_continue:  # uvicorn writes 100 before the head
            self._coalescing.begin()
        cycle.transport = self._coalescing
        HttpToolsProtocol._start_asgi_task(self, cycle, app)

    def _turn_away(self, cycle: RequestResponseCycle, answer: Response) -> None:
        # With this uvicorn drops the body as it comes, and takes what follows for the next request.
        cycle.response_started = cycle.response_complete = True
        keep_alive = cycle.keep_alive and not cycle.waiting_for_100_continue
        self._write(answer, close=not keep_alive)
        if not keep_alive:
            self._hang_up()
        self.on_response_complete()
