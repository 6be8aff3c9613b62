"""Transport that sends the head and the first body piece of a response together."""

import asyncio
from collections.abc import Callable
from typing import Any


class CoalescingTransport(asyncio.Transport):
    """A connection's transport for responses: holds the head of each until its body is written.

    It has the methods that uvicorn's RequestResponseCycle calls, and no others. If no body follows, the head is sent by
    `flush`: when the response is complete, or by `Connections`, which calls it every 2.5 s.

    uvicorn lacks: it writes head and body separately, which makes two system calls and two packets. Effect: 36 us of
    processor time for a small answer on loopback instead of 42. Delete when: uvicorn writes them together, for which
    the contract test has a test.
    """

    def __init__(self, transport: asyncio.Transport, hang_up: Callable[[], None]) -> None:
        """`hang_up` ends the connection after all written bytes are sent.

        If more bytes may arrive, it first closes only the sending half, and the rest after LINGER_SECONDS.
        """
        super().__init__()
        self._transport = transport
        self._hang_up = hang_up
        self._head: bytes | None = None
        """None: the next write is the head of a response; empty: the head has been passed on."""

    def pass_next(self) -> None:
        """Do not hold the head of the next response."""
        self._head = b""

    def end(self) -> None:
        """Called when a response is complete: the next write is the head of another one."""
        self.flush()
        self._head = None

    def flush(self) -> None:
        """Pass on a held head, unless the connection is closed: uvloop raises RuntimeError for writing to it."""
        if self._head:
            head, self._head = self._head, b""
            if not self._transport.is_closing():
                self._transport.write(head)

    def write(self, data: Any) -> None:  # noqa: ANN401 - any buffer, as in asyncio
        """Hold a head; pass on a body, together with its head if it is still held."""
        if self._head is None:
            self._head = data
        elif self._head:
            head, self._head = self._head, b""
            self._transport.writelines((head, data))
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Call `hang_up`."""
        self.flush()
        self._hang_up()

    def is_closing(self) -> bool:
        """Whether the connection is closed, or will be when all written bytes are sent."""
        return self._transport.is_closing()
