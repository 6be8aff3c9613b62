"""Splits files into shards at row boundaries, so that shards read separately give the rows of the whole file."""

import io
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileSystem

from app.cli.bulk.files import File
from app.cli.exit_status import InputError
from app.cli.readers.csv_records import records
from app.cli.readers.csv_rows import ColumnError, Header, column_places, read_header
from app.cli.readers.decoding import PIECE_BYTES, decoded, encoding_of, read_pieces
from app.cli.readers.input_format import SEPARATORS
from app.cli.readers.lines import line_ends, split_lines
from app.cli.readers.parquet_footer import ensure_small_footer

SHARD_BYTES = 8 * 1024 * 1024
"""Size of a text file's shard: about 100,000 headlines, which one core classifies in two seconds."""
SHARD_ROWS = 100_000
"""Size of a Parquet file's shard."""


class Shard(NamedTuple):
    """A contiguous part of a file, classified and written as one unit."""

    file: str
    """Name of the file in the job."""
    part: int
    """Index of the shard in its file, from 0."""
    begin: int
    """First byte of the shard in a text file, first row in a Parquet file."""
    end: int
    """One past its last byte or row."""
    line: int
    """Line of the file where the shard begins, from 1; in a Parquet file the row, from 1."""


def split_file(system: FileSystem, file: File, names: Sequence[str], size: int | None = None) -> list[Shard]:
    """The shards of a file, in order.

    Args:
        system: file system of the file.
        file: the file.
        names: columns or fields that hold the headline.
        size: of a shard, in bytes or in Parquet rows; SHARD_BYTES or SHARD_ROWS by default.

    Raises:
        ColumnError: one of the columns is not there, or does not hold text.
        InputError: the file cannot be read, is not text, or has a footer that is too large.
    """
    try:
        with system.open_input_file(file.path) as raw:
            if file.form == "parquet":
                ensure_small_footer(raw, file.path)
                reading = pq.ParquetFile(raw)
                text_columns(reading.schema_arrow, names, file.name)
                rows = reading.metadata.num_rows
                begins = [(row, row + 1) for row in range(0, rows, size or SHARD_ROWS)]
                ends = [*begins, (rows, rows + 1)]
            else:
                with io.BufferedReader(raw) as stream:
                    ends = _text_ends(stream, file, names, size or SHARD_BYTES)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{file.path}: cannot be read ({error}).") from None
    return [Shard(file.name, part, begin, end, line) for part, ((begin, line), (end, _)) in enumerate(pairwise(ends))]


def text_of(stream: io.BufferedReader, file: File) -> Iterator[bytes]:
    """The whole file as pieces of UTF-8."""
    stream.seek(0)
    return decoded(read_pieces(stream, file.name), file.name)


def header_of(stream: io.BufferedReader, file: File, names: Sequence[str]) -> Header | None:
    """The header of a CSV or TSV file, None for other formats; raises ColumnError if one of its columns is missing."""
    if file.form not in SEPARATORS:
        return None
    return read_header(split_lines(text_of(stream, file)), names, SEPARATORS[file.form], file.name)[0]


def _text_ends(stream: io.BufferedReader, file: File, names: Sequence[str], size: int) -> list[tuple[int, int]]:
    """Byte offset and line where each shard begins, followed by those of the end of the file."""
    header = header_of(stream, file, names)
    next(text_of(stream, file), None)  # raises InputError if the file is not text
    stream.seek(0)
    head = stream.read(4)
    if not head:
        return [(0, 1)]
    if file.form == "json" or encoding_of(head):  # one shard, because it can only be decoded from its start
        return [(0, 1), (file.size, 0)]
    ends = [(0, 1)]
    at, line = 0, 1
    if header is not None:
        at = (len(BOM_UTF8) if head.startswith(BOM_UTF8) else 0) + header.size
        line += header.lines
    while at < file.size:
        at, line = _row_end(stream, at, line, ends[-1][0] + size, header)
        ends.append((at, line))
    if len(ends) == 1:  # a header without rows
        ends.append((at, line))
    return ends


def _row_end(stream: io.BufferedReader, at: int, line: int, due: int, header: Header | None) -> tuple[int, int]:
    """Byte offset and line of the first row end at byte `due` or later; a row begins at byte `at`.

    A quoted CSV cell may hold line ends, and only the CSV reader can tell whether a quote opens a cell. The reader is
    much slower than a search for line ends, so it is used only if the piece holds a quote.
    """
    stream.seek(at)
    piece = stream.read(max(due - at, 1))
    piece += _rest_of_line(stream, piece[-1:])
    if header is None or b'"' not in piece:
        return at + len(piece), line + line_ends(piece)
    stream.seek(at)
    lines = split_lines(iter(lambda: stream.read(PIECE_BYTES), b""))
    for record in records(lines, header.separator, len(header.names), line):
        at += record.size
        line += record.lines
        if at >= due:
            break
    return at, line


def _rest_of_line(stream: io.BufferedReader, last: bytes) -> bytes:
    """The rest of a line, including its line end, after the byte `last`."""
    rest = b""
    while True:
        if last.endswith(b"\n"):
            return rest
        piece = stream.read(1) if last.endswith(b"\r") else stream.readline(PIECE_BYTES)
        if last.endswith(b"\r"):
            if piece == b"\n":
                return rest + piece
            stream.seek(-len(piece), io.SEEK_CUR)
            return rest
        if not piece:
            return rest
        if (carriage := piece.find(b"\r")) >= 0:
            stream.seek(carriage + 1 - len(piece), io.SEEK_CUR)
            piece = piece[: carriage + 1]
        rest += piece
        last = piece


def text_columns(schema: pa.Schema, names: Sequence[str], file: str) -> list[str]:
    """The columns of a Parquet file with these names; case is ignored if none matches exactly.

    Raises:
        ColumnError: one is not there, occurs twice, is named twice, or does not hold text.
    """
    found = [schema.names[place] for place in column_places(names, schema.names, file, has="there are")]
    for name in found:
        _ensure_text_column(schema, name, file)
    return found


def _ensure_text_column(schema: pa.Schema, name: str, file: str) -> None:
    kind = schema.field(name).type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
        raise ColumnError(f"{file}: the column {name!r} holds {kind}, not text; choose one with --column")
