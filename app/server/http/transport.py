"""Transport that sends the head and the first body piece of a response together."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any


class CoalescingTransport(asyncio.Transport):
    """A transport that holds the head of each response until its body is written.

    Everything else is passed on. If no body follows, the head is sent by `flush`: when the response is complete, or by
    `Connections`, which calls it every 2.5 s.

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
        """Pass on a held head."""
        if self._head:
            head, self._head = self._head, b""
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

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        """Pass on several pieces."""
        self.flush()
        self._transport.writelines(list_of_data)

    def write_eof(self) -> None:
        """Close the sending half of the connection."""
        self.flush()
        self._transport.write_eof()

    def close(self) -> None:
        """Call `hang_up`."""
        self.flush()
        self._hang_up()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def can_write_eof(self) -> bool:
        """As in asyncio.Transport, like all methods below."""
        return self._transport.can_write_eof()

    def is_closing(self) -> bool:
        """.."""
        return self._transport.is_closing()

    def is_reading(self) -> bool:
        """.."""
        return self._transport.is_reading()

    def pause_reading(self) -> None:
        """.."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """.."""
        self._transport.resume_reading()

    def get_write_buffer_size(self) -> int:
        """Number of buffered bytes, including a held head."""
        return self._transport.get_write_buffer_size() + len(self._head or b"")

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """.."""
        return self._transport.get_write_buffer_limits()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """.."""
        self._transport.set_write_buffer_limits(high, low)

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as in asyncio
        """.."""
        return self._transport.get_extra_info(name, default)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """.."""
        return self._transport.get_protocol()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """.."""
        self._transport.set_protocol(protocol)
