"""A connection's transport that behaves like uvloop's, with a client that the test lets read or not."""

import asyncio
from collections.abc import Iterable
from typing import Any

from tests.app.server.http.states.virtual_loop import VirtualLoop

HIGH, LOW = 2000, 500
"""Unread bytes above which the protocol is paused, and up to which it is resumed."""


class VirtualTransport(asyncio.Transport):
    """`written` has all bytes of the answers; `unread` counts those that the client has not read."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop
        self.protocol: Any = None
        self.written = bytearray()
        self.unread = 0
        self.client_reads = True
        self.reading = self.closing = self.closed = self.aborted = False
        self._eof = self._paused = self._lost = False

    def write(self, data: Any) -> None:
        self._ensure_alive()
        if self._eof:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self._lost or not data:
            return
        self.written += data
        if self.client_reads and not self.unread:
            return
        self.unread += len(data)
        if self.unread > HIGH and not self._paused:
            self._paused = True
            self.protocol.pause_writing()

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.write(b"".join(list_of_data))

    def read_by_client(self, size: int) -> None:
        if self.closed or not self.unread:
            return
        self.unread = max(0, self.unread - size)
        if self._paused and self.unread <= LOW:
            self._paused = False
            self.protocol.resume_writing()
        if self.closing and not self.unread and not self._lost:
            self._end(None)

    def lose(self, error: Exception | None) -> None:
        """As when the client resets the connection."""
        if self._lost or self.closed:
            return
        self.aborted = self.closing = True
        self.reading = False
        self._end(error)

    def abort(self) -> None:
        self.lose(None)

    def close(self) -> None:
        if self.closing or self.closed:
            return
        self.closing, self.reading = True, False
        if not self.unread:
            self._end(None)

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        if not self.reading and not self.closing:
            self._ensure_alive()
            self.reading = True

    def write_eof(self) -> None:
        self._ensure_alive()
        self._eof = True

    def can_write_eof(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return 0 if self.closed else self.unread

    def _ensure_alive(self) -> None:
        if self.closed:
            raise RuntimeError("unable to perform operation; the handler is closed")

    def _end(self, error: Exception | None) -> None:
        self._lost = True
        self._loop.call_soon(self._call_connection_lost, error)

    def _call_connection_lost(self, error: Exception | None) -> None:
        if not self.closed:
            self.protocol.connection_lost(error)
            self.closed, self.protocol = True, None
