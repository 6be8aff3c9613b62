"""Splits pieces of bytes into lines that end with LF, CR LF or CR, as Python's universal newlines do."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

MAX_LINE_BYTES = 1024 * 1024
"""A longer line is bad, and is skipped without being held in memory."""

TOO_LONG = f"has more than {MAX_LINE_BYTES} bytes"


class LongLine(NamedTuple):
    """Represents a line of more than MAX_LINE_BYTES."""

    size: int
    """Bytes, including the line end."""


Line: TypeAlias = bytes | LongLine


def split_lines(pieces: Iterable[bytes]) -> Iterator[Line]:
    """Yield each line with its line end; at most one piece and MAX_LINE_BYTES are in memory."""
    rest = bytearray()  # an incomplete line, or a line that ends with a CR which may be half of CR LF
    dropped = 0  # bytes of that line that were discarded
    for piece in pieces:
        if b"\n" not in piece and b"\r" not in piece and not rest.endswith(b"\r"):
            rest += piece
        else:
            lines = (bytes(rest) + piece).splitlines(keepends=True)
            rest = bytearray() if lines[-1].endswith(b"\n") else bytearray(lines.pop())
            for line in lines:
                if dropped or len(line) > MAX_LINE_BYTES:
                    yield LongLine(dropped + len(line))
                    dropped = 0
                else:
                    yield line
        if len(rest) > MAX_LINE_BYTES:
            dropped += len(rest) - 1
            del rest[:-1]
    if dropped:
        yield LongLine(dropped + len(rest))
    elif rest:
        yield bytes(rest)


def line_ends(text: bytes) -> int:
    """Number of line ends in a text that does not end between CR and LF."""
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")
