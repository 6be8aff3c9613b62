"""Limits on all connections of a process: their number, bytes of arriving requests, and bytes of unread answers.

Together with the largest request body, these limits determine the maximum memory of a process, which
`app/server/command/memory.py` adds up; `tests/deploy/test_pods.py` compares the sum with the memory limit of the pod.
"""

import asyncio
import heapq
from collections.abc import Mapping
from typing import Any, Protocol

from app.api.connection_errors import CONNECTION_ERRORS_KEY, MAX_BODY_BYTES_KEY, ConnectionErrors

CONNECTIONS_KEY = "connections"
"""Key of `Connections` in the state that the server gives to the protocol."""

MAX_CONNECTIONS = 2048
"""Maximum number of connections of a process; a further one replaces the one that has waited longest for its client."""

SPARE_FILES = 100
"""File descriptors of a process besides its connections: log, sockets of all workers, files of the metrics."""

NEEDED_FILES = MAX_CONNECTIONS + SPARE_FILES
"""Limit of open files with which a process can have all its connections."""

CLOSE_AT_ONCE = 64
"""Number of connections closed together when there are too many, because sorting them by waiting time is slow."""

FREE_BYTES = 4096
"""Bytes of a request that are not counted per connection; most requests are smaller."""

MIN_REQUEST_BYTES = 32 * 1024 * 1024
LARGEST_REQUESTS = 4
"""Maximum bytes of unanswered requests in a process, or this number of the largest bodies if that is more."""

LARGE_BYTES = 64 * 1024
"""Above the limit on bytes of requests, requests larger than this are refused before smaller ones."""

MAX_UNREAD_BYTES = 32 * 1024 * 1024
"""Maximum bytes of unread answers; above it, the connections that have waited longest are closed."""

WRITE_SECONDS = 10.0
"""Time after which a client that reads nothing of its answer loses its connection (nginx: send_timeout)."""

_CHECKS = 4
"""Number of checks in that time whether a client has read anything."""


class Connection(Protocol):
    """Interface of a connection for this module."""

    transport: asyncio.Transport

    def waiting(self) -> tuple[bool, float] | None:
        """Whether the connection can be used further, and the time of the loop since which it waits for its client.

        None while a request is being processed.
        """

    def give_way(self) -> None:
        """Close the connection because there are too many."""

    def drop_unread(self) -> None:
        """Close the connection at once because the client does not read."""

    def refuse_body(self) -> None:
        """Refuse the request whose body is arriving, if one is, and free its bytes."""

    def flush(self) -> None:
        """Send a held head whose body has not been written yet."""


class Connections:
    """Counts the connections of one process and enforces the limits."""

    def __init__(self, max_body_bytes: int, errors: ConnectionErrors) -> None:
        """`max_body_bytes`: maximum size of a request body; `errors`: responds to bytes that are not a request."""
        self.errors = errors
        self.max_request_bytes = max(MIN_REQUEST_BYTES, LARGEST_REQUESTS * max_body_bytes)
        """Maximum of `request_bytes`."""
        self.request_bytes = 0
        """Bytes of requests that are arriving or unanswered, without the first FREE_BYTES of each connection."""
        self._large: dict[Connection, None] = {}
        """Connections whose request has or declares more than LARGE_BYTES, the newest request last."""
        self._open: set[Connection] = set()
        self._unread: dict[Connection, None] = {}
        """Connections with unread answers, the longest waiting first."""
        self._stalled: dict[Connection, tuple[int, int]] = {}
        """Bytes that a client has not read, and the number of consecutive checks without progress."""
        self._timer: asyncio.TimerHandle | None = None

    def opened(self, connection: Connection) -> None:
        """Count a new connection; close others if there are too many."""
        self._open.add(connection)
        if len(self._open) > MAX_CONNECTIONS:
            others = self._open - {connection}
            waiting = [(since, id(other), other) for other in others if (since := other.waiting()) is not None]
            for chosen in [other for _, _, other in heapq.nsmallest(CLOSE_AT_ONCE, waiting)] or [connection]:
                chosen.give_way()
        if self._timer is None:
            self._schedule_check()

    def closed(self, connection: Connection) -> None:
        """Stop counting a connection that has ended."""
        self._open.discard(connection)
        self._large.pop(connection, None)
        self._unread.pop(connection, None)
        self._stalled.pop(connection, None)

    def descriptors(self) -> list[int]:
        """File descriptors of the open connections."""
        return [connection.transport.get_extra_info("socket").fileno() for connection in self._open]

    def reserve(self, connection: Connection, size: int, held: int, missing: int) -> bool:
        """Count `size` more bytes of a connection until `free`; returns False if it must be refused instead.

        `held`: bytes of the connection that are counted already; `missing`: bytes of its current body that had not
        arrived before these, as far as its Content-Length is known. Above the limit, the newest of the large requests
        that are still arriving are refused until the rest fits. So of requests that arrive together, as many are
        answered as fit. A large request is never refused for a newer large one: otherwise clients that retry at once
        would prevent all of them from arriving completely. A small one is refused only if no large one is arriving; a
        request counts as small until its Content-Length is known or LARGE_BYTES have arrived.
        """
        if held + max(size, missing) > LARGE_BYTES:  # `missing` includes the new bytes of this body
            self._large.setdefault(connection)
        if self.request_bytes + size > self.max_request_bytes:
            for newest in reversed(list(self._large)):
                if newest is connection:
                    return False
                newest.refuse_body()
                if self.request_bytes + size <= self.max_request_bytes:
                    break
            else:
                return False
        self.request_bytes += size
        return True

    def free(self, connection: Connection, size: int) -> None:
        """Stop counting `size` bytes, whose requests are answered, refused or abandoned."""
        self.request_bytes -= size
        self._large.pop(connection, None)

    def write_paused(self, connection: Connection) -> None:
        """Called when a client reads more slowly than its answer is written."""
        self._unread[connection] = None
        size = sum(unread.transport.get_write_buffer_size() for unread in self._unread)
        while size > MAX_UNREAD_BYTES and len(self._unread) > 1:
            oldest = next(iter(self._unread))
            del self._unread[oldest]
            size -= oldest.transport.get_write_buffer_size()
            oldest.drop_unread()

    def write_resumed(self, connection: Connection) -> None:
        """Called when a client has read most of its answer."""
        self._unread.pop(connection, None)

    def _schedule_check(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(WRITE_SECONDS / _CHECKS, self._drop_stalled)

    def _drop_stalled(self) -> None:
        """Drop the connections whose clients have read nothing for WRITE_SECONDS.

        This includes connections that are being closed, because closing waits without a limit until everything is sent.
        """
        self._timer = None
        for connection in list(self._open):
            connection.flush()
            size = connection.transport.get_write_buffer_size()
            if not size:
                self._stalled.pop(connection, None)
                continue
            before, checks = self._stalled.get(connection, (size + 1, 0))
            checks = checks + 1 if size >= before else 0
            self._stalled[connection] = (size, checks)
            if checks >= _CHECKS:
                connection.drop_unread()
        if self._open:
            self._schedule_check()


def with_connections(state: Mapping[str, Any]) -> dict[str, Any]:
    """The lifespan state of the app, with new `Connections` for a server of this process."""
    return {**state, CONNECTIONS_KEY: Connections(state[MAX_BODY_BYTES_KEY], state[CONNECTION_ERRORS_KEY])}
