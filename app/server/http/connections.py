"""Bounds on what the connections of one process may hold: requests in arrival, unread answers, and their number.

With the largest request body these decide how much memory a process needs at most: `tests/deploy/test_pods.py` adds
them up and holds the pod's limit against the sum.
"""

import asyncio
import heapq
from typing import Protocol

from app.api.connection_errors import ConnectionErrors

CONNECTIONS = "connections"
"""The name of `Connections` in the lifespan's state, where the protocol finds it."""

MAX_CONNECTIONS = 2048
"""Connections of one process; a further one takes the place of the one that has waited longest for its client."""

CLOSE_AT_ONCE = 64
"""Connections closed together when there are too many: sorting them by the time that they have waited costs time."""

FREE_BYTES = 4096
"""Bytes of its request that a connection may hold uncounted; most requests are smaller."""

MIN_REQUEST_BYTES = 32 * 1024 * 1024
LARGEST_REQUESTS = 4
"""A process holds this many bytes of unanswered requests, or this many of the largest bodies if that is more."""

MAX_UNREAD_BYTES = 32 * 1024 * 1024
"""Bytes of answers that clients have not read. Above it, the connections that have waited longest are closed."""

WRITE_SECONDS = 10.0
"""A client that takes nothing of its answer for so long loses its connection (nginx: send_timeout)."""

_LOOKS = 4
"""Checks within that time whether a client has taken anything."""


class Connection(Protocol):
    """What this module asks of a connection."""

    transport: asyncio.Transport

    def waiting(self) -> tuple[bool, float] | None:
        """Whether it is of further use, and since when (the loop's time) it waits for its client to send or to read.

        None while an answer is being made.
        """

    def give_way(self) -> None:
        """End, because there are too many."""

    def drop_unread(self) -> None:
        """End at once, because the client does not read."""

    def flush(self) -> None:
        """Send the head of an answer whose body has not followed yet."""


class Connections:
    """The connections of one process."""

    def __init__(self, max_body_bytes: int, errors: ConnectionErrors) -> None:
        """`max_body_bytes`: the largest body that a request may have; `errors`: answers what is no request."""
        self.errors = errors
        self._request_room = max(MIN_REQUEST_BYTES, LARGEST_REQUESTS * max_body_bytes)
        self.request_bytes = 0
        """Bytes of requests that arrive or are not answered yet, without the first FREE_BYTES of each connection."""
        self._open: set[Connection] = set()
        self._unread: dict[Connection, None] = {}
        """Those whose answers wait to be read, the longest waiting first."""
        self._stalled: dict[Connection, tuple[int, int]] = {}
        """Bytes that a client has not taken, and the number of checks that found no fewer."""
        self._timer: asyncio.TimerHandle | None = None

    def opened(self, connection: Connection) -> None:
        """A client has connected."""
        self._open.add(connection)
        if len(self._open) > MAX_CONNECTIONS:
            others = self._open - {connection}
            waiting = [(since, id(one), one) for one in others if (since := one.waiting()) is not None]
            for one in [one for _, _, one in heapq.nsmallest(CLOSE_AT_ONCE, waiting)] or [connection]:
                one.give_way()
        if self._timer is None:
            self._look_again()

    def closed(self, connection: Connection) -> None:
        """A connection is gone."""
        self._open.discard(connection)
        self._unread.pop(connection, None)
        self._stalled.pop(connection, None)

    def descriptors(self) -> list[int]:
        """File descriptors of those that are open."""
        return [one.transport.get_extra_info("socket").fileno() for one in self._open]

    def hold(self, size: int) -> bool:
        """Count `size` more bytes of requests until `release`; False, and nothing is counted, if there is no room."""
        if self.request_bytes + size > self._request_room:
            return False
        self.request_bytes += size
        return True

    def release(self, size: int) -> None:
        """Count `size` bytes less: their requests are answered, or given up."""
        self.request_bytes -= size

    def write_paused(self, connection: Connection) -> None:
        """An answer is larger than what its client takes at once."""
        self._unread[connection] = None
        size = sum(one.transport.get_write_buffer_size() for one in self._unread)
        while size > MAX_UNREAD_BYTES and len(self._unread) > 1:
            longest = next(iter(self._unread))
            del self._unread[longest]
            size -= longest.transport.get_write_buffer_size()
            longest.drop_unread()

    def write_resumed(self, connection: Connection) -> None:
        """Its client has taken most of it."""
        self._unread.pop(connection, None)

    def _look_again(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(WRITE_SECONDS / _LOOKS, self._look)

    def _look(self) -> None:
        """Find the clients that have taken nothing for WRITE_SECONDS.

        Connections that are being closed are included: closing one waits without a limit until everything is sent.
        """
        self._timer = None
        for one in list(self._open):
            one.flush()
            size = one.transport.get_write_buffer_size()
            if not size:
                self._stalled.pop(one, None)
                continue
            before, looks = self._stalled.get(one, (size + 1, 0))
            looks = looks + 1 if size >= before else 0
            self._stalled[one] = (size, looks)
            if looks >= _LOOKS:
                one.drop_unread()
        if self._open:
            self._look_again()
