"""Decodes a file or pipe to UTF-8: unpacks gzip, follows byte order marks, refuses binary files."""

import codecs
import os
import select
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from app.cli.exit_status import InputError
from app.cli.readers.row import TO_UTF_8

PIECE_BYTES = 64 * 1024
"""Bytes read, or unpacked from gzip, at a time."""

_GZIP = b"\x1f\x8b"
_MARKS = {  # UTF-32 first: its little-endian mark begins with that of UTF-16
    b"\xff\xfe\0\0": "utf-32-le",
    b"\0\0\xfe\xff": "utf-32-be",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}
_BINARY = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF-": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or an Office document",
    b"\xd0\xcf\x11\xe0": "an Office document",
    _GZIP: "packed twice",
    b"BZh": "packed with bzip2",
    b"\xfd7zX": "packed with xz",
    b"\x28\xb5\x2f\xfd": "packed with Zstandard",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"PAR1": "a Parquet file",
    b"\x7fELF": "a program",
}
_SAMPLE_BYTES = 8192
_MIN_SAMPLE_BYTES = 64
"""With fewer bytes, the share of control characters does not identify a binary file reliably."""
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\b\x1b"))


def read_pieces(stream: BinaryIO, name: str, before_wait: Callable[[], None] | None = None) -> Iterator[bytes]:
    """Yield the bytes of a stream as they arrive.

    Args:
        stream: a file, pipe or terminal.
        name: of the input in messages.
        before_wait: called before a read that would block, because a pipe or terminal has no data yet.

    Raises:
        InputError: the stream cannot be read.
    """
    read = getattr(stream, "read1", stream.read)
    pipe = _pipe(stream)
    try:
        while True:
            if pipe is not None and not pipe.poll(0):
                if before_wait is not None:
                    before_wait()
                pipe.poll()  # wait here: on a non-blocking pipe, a read without data looks like the end of input
            piece = read(PIECE_BYTES)
            if not piece:
                return
            yield piece
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror or error}).") from None


def _pipe(stream: BinaryIO) -> "select.poll | None":
    try:
        descriptor = stream.fileno()
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
    except OSError:  # bytes in memory
        return None
    pipe = select.poll()
    pipe.register(descriptor, select.POLLIN)
    return pipe


def decoded(pieces: Iterable[bytes], name: str) -> Iterator[bytes]:
    """The text as UTF-8 without a byte order mark; invalid bytes stay, for the row readers to report by line.

    Raises:
        InputError: the input, called `name` in messages, is damaged gzip or not text.
    """
    head, pieces = _head(pieces)
    if head.startswith(_GZIP) or (not head and name.lower().endswith(".gz")):
        head, pieces = _head(gunzipped(chain([head], pieces), name))
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            yield from _transcoded(chain([head[len(mark) :]], pieces), encoding)
            return
    head = head.removeprefix(codecs.BOM_UTF8)
    _ensure_text(head, name)
    if head:
        yield head
    yield from pieces


def encoding_of(head: bytes) -> str | None:
    """`gzip`, or the UTF-16 or UTF-32 codec that a file's first bytes name; None if it can be read as UTF-8."""
    if head.startswith(_GZIP):
        return "gzip"
    return next((encoding for mark, encoding in _MARKS.items() if head.startswith(mark)), None)


def _head(pieces: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Enough first bytes to recognize every signature, and the rest; a pipe may deliver single bytes."""
    pieces = iter(pieces)
    head = b""
    marks = (_GZIP, codecs.BOM_UTF8, *_MARKS, *_BINARY)
    while any(len(head) < len(mark) and mark.startswith(head) for mark in marks):
        piece = next(pieces, None)
        if piece is None:
            break
        head += piece
    return head, pieces


def gunzipped(pieces: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Unpack all gzip members, PIECE_BYTES at a time, so that a decompression bomb takes no memory.

    Raises:
        InputError: the data are damaged or truncated; everything before that point has been yielded.
    """
    unpack = None
    members = 0
    try:
        for packed in pieces:
            piece = packed
            while True:
                if unpack is None:
                    if members:
                        piece = piece.lstrip(b"\0")  # zero padding between members, which gzip skips too
                    if not piece:
                        break
                    unpack = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
                    members += 1
                content = unpack.decompress(piece, PIECE_BYTES)
                if content:
                    yield content
                if unpack.eof:
                    piece, unpack = unpack.unused_data, None
                else:
                    piece = unpack.unconsumed_tail
                    if not piece and len(content) < PIECE_BYTES:
                        break
    except zlib.error as error:
        raise InputError(f"{name}: its gzip data are damaged ({error}); copy or compress it again.") from None
    if unpack is not None or not members:  # gzip has a header even if there is no content
        raise InputError(f"{name}: its gzip data end too early, so the file is incomplete; copy it again.")


def _transcoded(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    # Undecodable data become a lone surrogate, which is invalid in UTF-8, so that only their own line is reported.
    codecs.register_error("lone surrogate", lambda error: ("\udcff", error.end))  # type: ignore[attr-defined]
    decoder = codecs.getincrementaldecoder(encoding)("lone surrogate")
    for piece in pieces:
        yield decoder.decode(piece).encode("utf-8", "surrogatepass")
    yield decoder.decode(b"", True).encode("utf-8", "surrogatepass")


def _ensure_text(head: bytes, name: str) -> None:
    for magic, kind in _BINARY.items():
        if head.startswith(magic) and not (magic.isascii() and head[:_SAMPLE_BYTES].isascii() and b"\0" not in head):
            raise InputError(f"{name}: is {kind} and not text; convert it, or name a text file.")
    sample = head[:_SAMPLE_BYTES]
    if 4 * sample.count(0) > len(sample):
        raise InputError(f"{name}: is not text, or UTF-16 without a byte order mark; convert it to UTF-8.")
    odd = len(sample) - len(sample.translate(None, _CONTROLS)) + sample.decode("utf-8", "replace").count("\ufffd")
    if len(sample) >= _MIN_SAMPLE_BYTES and 10 * odd > 3 * len(sample):
        raise InputError(f"{name}: is not text, or not in UTF-8; {TO_UTF_8}.")
