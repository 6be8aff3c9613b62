"""Accepts connections from a listening socket."""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from app.server.sockets import BACKLOG

AT_ONCE = 16
"""Connections taken in one turn of the loop.

libuv takes one a turn, and a turn under load takes milliseconds: the last of 64 clients that came together waited for
165 to 550 ms, and with 16 a turn for 25 to 50.
"""

RETRY_SECONDS = 0.5
"""Until another try where nobody listens yet, or no file descriptor is left."""

logger = logging.getLogger(__name__)


class Acceptor:
    """Takes the place of asyncio's server in uvicorn, with the same `sockets`, `close` and `wait_closed`.

    `Server` in `app/server/uvicorn_server.py` says what uvicorn lacks without it.
    """

    def __init__(
        self, listener: socket.socket, make: Callable[[], asyncio.Protocol], patience_seconds: float = 0.0
    ) -> None:
        """Every connection gets a protocol that `make` makes; with patience it is left to others for so long."""
        self._loop = asyncio.get_running_loop()
        self._listener, self._make, self._patience_seconds = listener, make, patience_seconds
        self.sockets = (listener,)
        self._opening: set[asyncio.Task[Any]] = set()
        self._closed = False
        listener.setblocking(False)
        self._watch()

    def close(self) -> None:
        """Accept what is in the backlog, then stop listening."""
        if self._closed:
            return
        self._loop.remove_reader(self._listener)
        with suppress(OSError):  # BlockingIOError in the end
            for _ in range(BACKLOG):  # no more can wait; clients that keep coming do not count
                self._take_one()
        self._closed = True
        self._listener.close()

    async def wait_closed(self) -> None:
        """Until every connection that was taken is open."""
        if self._opening:
            await asyncio.wait(self._opening)

    def _watch(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._listener, self._leave if self._patience_seconds else self._take)

    def _leave(self) -> None:
        self._rest(self._patience_seconds, self._take)

    def _rest(self, seconds: float, then: Callable[[], None]) -> None:
        self._loop.remove_reader(self._listener)
        self._loop.call_later(seconds, then)

    def _take(self) -> None:
        if self._closed:
            return
        try:
            for _ in range(AT_ONCE):
                self._take_one()
        except (BlockingIOError, ConnectionAbortedError):
            if self._patience_seconds:
                self._watch()
        except OSError as error:
            if not self._patience_seconds:
                logger.warning("no connection can be taken (%s); trying again", error.strerror)
            self._rest(RETRY_SECONDS, self._watch)
        else:
            if self._patience_seconds:
                self._loop.call_soon(self._take)  # the other workers have not accepted them

    def _take_one(self) -> None:
        connection, _ = self._listener.accept()
        task = self._loop.create_task(self._loop.connect_accepted_socket(self._make, connection))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
