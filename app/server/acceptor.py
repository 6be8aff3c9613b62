"""Acceptor: accepts several connections from a listening socket per iteration of the event loop."""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from app.server.sockets import BACKLOG

AT_ONCE = 256
"""Maximum number of connections accepted per iteration of the event loop; 256 take 20 ms.

libuv accepts one per iteration, which takes milliseconds under load: the last of 64 simultaneous clients waited 165 to
550 ms, and with 16 per iteration 25 to 50 ms. Under attack an iteration takes 0.1 to 0.4 s: with 16, a liveness probe
behind 2,000 clients waited for 9 s.
"""

RETRY_SECONDS = 0.5
"""Pause before the next try if the socket is not listening yet, or no file descriptor is left."""

logger = logging.getLogger(__name__)


class Acceptor:
    """Replaces asyncio's server in uvicorn, with the same `sockets`, `close` and `wait_closed`.

    `Server` in `app/server/uvicorn_server.py` describes what uvicorn lacks without it.
    """

    def __init__(
        self, listener: socket.socket, make: Callable[[], asyncio.Protocol], patience_seconds: float = 0.0
    ) -> None:
        """`make` creates a connection's protocol; `patience_seconds`: time for which others may accept it first."""
        self._loop = asyncio.get_running_loop()
        self._listener, self._make, self._patience_seconds = listener, make, patience_seconds
        self.sockets = (listener,)
        self._opening: set[asyncio.Task[Any]] = set()
        self._closed = False
        listener.setblocking(False)
        self._watch()

    def close(self) -> None:
        """Accept the connections in the backlog, then stop listening."""
        if self._closed:
            return
        self._loop.remove_reader(self._listener)
        with suppress(OSError):  # BlockingIOError when the backlog is empty
            for _ in range(BACKLOG):  # the backlog has no more; later clients are not waited for
                self._accept_one()
        self._closed = True
        self._listener.close()

    async def wait_closed(self) -> None:
        """Wait until every accepted connection is open."""
        if self._opening:
            await asyncio.wait(self._opening)

    def _watch(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._listener, self._accept_later if self._patience_seconds else self._accept)

    def _accept_later(self) -> None:
        self._pause(self._patience_seconds, self._accept)

    def _pause(self, seconds: float, then: Callable[[], None]) -> None:
        self._loop.remove_reader(self._listener)
        self._loop.call_later(seconds, then)

    def _accept(self) -> None:
        if self._closed:
            return
        try:
            for _ in range(AT_ONCE):
                self._accept_one()
        except (BlockingIOError, ConnectionAbortedError):
            if self._patience_seconds:
                self._watch()
        except OSError as error:
            if not self._patience_seconds:
                logger.warning("connections cannot be accepted (%s); trying again", error.strerror)
            self._pause(RETRY_SECONDS, self._watch)
        else:
            if self._patience_seconds:
                self._loop.call_soon(self._accept)  # more may wait, which the other workers have not accepted

    def _accept_one(self) -> None:
        connection, _ = self._listener.accept()
        task = self._loop.create_task(self._loop.connect_accepted_socket(self._make, connection))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
