"""A server that is not this service: answers each connection with the bytes that a test gives it."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self


class ForeignServer:
    """Reads a request, then sends pieces with a pause before each, and closes.

    A context manager; `pieces` is called for each connection and may never end: sending stops when the client hangs up.
    """

    def __init__(self, pieces: Callable[[], Iterable[bytes]], pause: float = 0) -> None:
        self._pieces = pieces
        self._pause = pause
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.connections = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.connections += 1
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(65536)
            for piece in self._pieces():
                time.sleep(self._pause)
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(
                65536
            ):  # the rest of the request; closing with unread bytes would reset the connection and lose the answer
                pass


def http(body: bytes, *headers: str, status: str = "200 OK") -> list[bytes]:
    """A whole response, in one piece."""
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers])
    return [head.encode("latin-1") + b"\r\n\r\n" + body]
