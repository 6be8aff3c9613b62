"""An answer's head and body in one piece."""

import asyncio


class OneWrite(asyncio.Transport):
    """A transport for one answer, whose head waits for its body: apart they are two system calls and two packets."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self.close = transport.close  # type: ignore[method-assign]
        self.is_closing = transport.is_closing  # type: ignore[method-assign]

    def write(self, data: bytes) -> None:  # type: ignore[override]
        """First the head, then as many pieces of the body as there are, at least one."""
        if self._head is None:
            self._head = data
        elif self._head:
            self._transport.writelines((self._head, data))
            self._head = b""
        else:
            self._transport.write(data)
