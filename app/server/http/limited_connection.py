"""One connection's share of what all connections of a process may hold."""

import asyncio

from app.errors import OverloadedError
from app.server.http.connections import CONNECTIONS, FREE_BYTES, Connections
from app.server.http.refusing_connection import RefusingConnection

FRESH_SECONDS = 1.0
"""When the process stops, a connection without a request so far may still bring one for this long."""


class LimitedConnection(RefusingConnection):
    """Counts in `Connections`, and ends when they say so.

    uvicorn lacks: any limit on the memory that connections hold together. It buys: 105 MiB resident under the attacks
    of tests/operation/test_memory.py, which took 1 to 2.4 GB without (decision 17). Delete when: uvicorn has limits per
    process, or clients reach the service only through a proxy that buffers requests and answers.
    """

    _received = 0
    """Bytes received since all requests were answered."""
    _held = 0
    """Those of them that count in `Connections`."""
    _unread_since: float | None = None
    """The loop's time since when the client has not read enough of its answers; None: it has."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection."""
        super().connection_made(transport)
        self._connections: Connections = self.app_state[CONNECTIONS]
        self._connections.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give back everything that the connection held."""
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
        if self._shedder is not None:
            self._shedder.rejected("slow_reader")
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
        self._received = len(self._unparsed) if self._unparsed is not None else 0
        if self._held:
            held = max(self._received - FREE_BYTES, 0)
            self._connections.release(self._held - held)
            self._held = held
