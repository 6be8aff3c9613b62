"""Bytes of several requests that arrived together, for parsing one request at a time."""

HEAD_END = b"\r\n\r\n"

MAX_PIECE = 16 * 1024
"""Bytes of a head or of a chunked body that are parsed at once: 16 KiB of chunks of one byte take 1 ms."""


class UnparsedBytes:
    """What a client has sent and the parser has not seen yet.

    Parsed all at once, 256 KiB of pipelined requests become objects of a hundred times that size.
    """

    __slots__ = ("_data", "_taken")

    def __init__(self, data: bytes) -> None:
        """`data`: the first bytes."""
        self._data = data
        self._taken = 0

    def __len__(self) -> int:
        """Bytes that are left."""
        return len(self._data) - self._taken

    def add(self, data: bytes) -> None:
        """Append what has arrived since."""
        self._data = self._data[self._taken :] + data
        self._taken = 0

    def take(self, body_bytes: int) -> memoryview:
        """The next bytes, at most to the end of one request.

        `body_bytes`: bytes missing of a body of known length; 0: the next part ends with a blank line (a head, or
        possibly a chunked body), is as long as MAX_PIECE, or is all that is left.
        """
        begin = self._taken
        if body_bytes:
            end = begin + body_bytes
        else:
            end = self._data.find(HEAD_END, begin, begin + MAX_PIECE) + len(HEAD_END)
            if end < len(HEAD_END):
                end = begin + MAX_PIECE
        piece = memoryview(self._data)[begin:end]
        self._taken += len(piece)
        return piece
