"""Where a file can be cut, so that its parts read apart give what the whole gives."""

import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileSystem

from app.commands.bulk.files import File
from app.commands.reading import MAX_LINE_BYTES, ColumnError, csv_lines, find_column

SHARD_BYTES = 8 * 1024 * 1024
"""Of a text file; some 100,000 headlines, which one core classifies in two seconds."""
SHARD_ROWS = 100_000
"""Of a Parquet file."""


class Shard(NamedTuple):
    """A part of a file that is classified and written as one."""

    file: str
    """Its name."""
    part: int
    """Counted from 0 in its file."""
    begin: int
    """First byte of a text file, first row of a Parquet file."""
    end: int
    """One past the last."""
    line: int
    """Line of the file where it begins; of a Parquet file the row, counted from 1."""


def cut(system: FileSystem, file: File, name: str, size: int | None = None) -> list[Shard]:
    """The shards of a file, in order; `size` in bytes, or in rows of Parquet, if not the usual.

    Raises:
        ColumnError: there is no column `name`, or it does not hold text.
    """
    if file.form == "parquet":
        with system.open_input_file(file.path) as raw:
            reading = pq.ParquetFile(raw)
            _check_column(reading.schema_arrow, name)
            rows = reading.metadata.num_rows
        begins = [(row, row + 1) for row in range(0, rows, size or SHARD_ROWS)]
        ends = [*begins, (rows, rows + 1)]
    else:
        with io.BufferedReader(system.open_input_file(file.path)) as stream:
            if file.form == "csv":
                find_column(next(csv.reader(csv_lines(stream), strict=True), []), name)
                stream.seek(0)
            ends = list(_row_ends(stream, size or SHARD_BYTES, quoted=file.form == "csv"))
    return [Shard(file.name, part, begin, end, line) for part, ((begin, line), (end, _)) in enumerate(pairwise(ends))]


def _row_ends(stream: io.BufferedReader, size: int, *, quoted: bool) -> Iterator[tuple[int, int]]:
    """Byte and line of the start, of the first row to begin after `size` more bytes, and so on, and of the end.

    A quoted cell may hold line ends, and whether a quote opens one only the CSV reader knows. It is far slower
    than looking for line ends, so it reads no more than it must.
    """
    at, line = 0, 1
    yield at, line
    while piece := stream.read(size):
        breaks, quotes = 0, False
        while piece:
            breaks += piece.count(b"\n")
            quotes = quotes or (quoted and b'"' in piece)
            piece = b"" if piece.endswith(b"\n") else stream.readline(MAX_LINE_BYTES)
        if quotes:
            stream.seek(at)
            breaks = _read_csv(stream, at + size)
        at, line = stream.tell(), line + breaks
        yield at, line


def _read_csv(stream: io.BufferedReader, due: int) -> int:
    """Read rows up to the first that ends at byte `due` or later; how many lines they have."""
    reader = csv.reader(csv_lines(stream, from_start=stream.tell() == 0), strict=True)
    while stream.tell() < due:
        with suppress(csv.Error):
            if next(reader, None) is None:
                break
    return reader.line_num


def _check_column(schema: pa.Schema, name: str) -> None:
    if name not in schema.names:
        raise ColumnError(f"there is no column {name!r}; there are: {', '.join(schema.names)[:300]}")
    kind = schema.field(name).type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
        raise ColumnError(f"the column {name!r} holds {kind}, not text")
