"""Buffer of received bytes from which one request at a time is parsed."""

HEAD_END = b"\r\n\r\n"

MIN_PIECE = 1024
"""Minimum bytes of a chunked body that are parsed at once: its data may consist of blank lines, each like the end of a
head. The small requests that may follow in these bytes are few."""

MAX_PIECE = 16 * 1024
"""Maximum bytes of a head or a chunked body that are parsed at once: 16 KiB in chunks of one byte take 1 ms."""


class UnparsedBytes:
    """Bytes that a client has sent and that are not parsed yet.

    Parsed all at once, 256 KiB of pipelined requests become objects of a hundred times that size.
    """

    __slots__ = ("_data", "_taken")

    def __init__(self, data: bytes) -> None:
        """`data`: the first bytes."""
        self._data = data
        self._taken = 0

    def __len__(self) -> int:
        """Number of bytes in the buffer."""
        return len(self._data) - self._taken

    def add(self, data: bytes) -> None:
        """Append received bytes."""
        self._data = self._data[self._taken :] + data
        self._taken = 0

    def take(self, body_bytes: int, min_bytes: int = 0) -> memoryview:
        """Remove and return the next bytes, at most up to the end of one request.

        `body_bytes`: missing bytes of a body of known length; 0: the next part ends with a blank line (a head, or
        possibly a chunked body) after at least `min_bytes`, is as long as MAX_PIECE, or is everything in the buffer.
        """
        begin = self._taken
        if body_bytes:
            end = begin + body_bytes
        else:
            end = self._data.find(HEAD_END, begin + min_bytes, begin + MAX_PIECE) + len(HEAD_END)
            if end < len(HEAD_END):
                end = begin + MAX_PIECE
        piece = memoryview(self._data)[begin:end]
        self._taken += len(piece)
        if self._taken > len(self):  # otherwise what follows would keep a parsed body in memory, not counted
            self._data = self._data[self._taken :]
            self._taken = 0
        return piece
