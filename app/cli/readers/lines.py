"""Lines out of pieces of bytes; LF, CR LF and CR end one, as in Python's universal newlines."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

MAX_LINE_BYTES = 1024 * 1024
"""A longer line is a bad line, read over without being kept."""

TOO_LONG = f"has more than {MAX_LINE_BYTES} bytes"


class LongLine(NamedTuple):
    """In place of a line of more than MAX_LINE_BYTES."""

    size: int
    """Bytes, its end included."""


Line: TypeAlias = bytes | LongLine


def split_lines(pieces: Iterable[bytes]) -> Iterator[Line]:
    """Each line with its end, however the bytes were cut; holds a piece and MAX_LINE_BYTES at most."""
    rest = bytearray()  # a line whose end has not come, or a CR that may be half of CR LF
    dropped = 0  # bytes of that line that are no longer held
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
    """How many lines end in it; it must not end between CR and LF."""
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")
