"""The rows of a shard, as the one-machine command would read them in the whole file."""

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileSystem

from app.commands.asking import CHUNK
from app.commands.bulk.cutting import Shard
from app.commands.bulk.files import File
from app.commands.reading import Row, checked, csv_lines, read_rows


def shard_rows(system: FileSystem, file: File, shard: Shard, name: str, max_characters: int) -> Iterator[Row]:
    """Every row, faulty ones included, some at a time; raises OSError if the file cannot be read."""
    with system.open_input_file(file.path) as raw:
        if file.form == "parquet":
            yield from checked(_parquet_rows(pq.ParquetFile(raw), shard, name), max_characters)
            return
        with io.BufferedReader(raw) as stream:
            head = _header(stream) if shard.begin and file.form == "csv" else b""
            part = cast(BinaryIO, _Part(head, stream, shard))
            before = shard.line - 1 - head.count(b"\n")
            from_start = bool(head) or not shard.begin
            for row in read_rows(part, file.form, name, max_characters, from_start=from_start):
                yield row._replace(line=before + row.line)


class _Part:
    """The one method with which rows are read, over two pieces: the head, then the shard's bytes."""

    def __init__(self, head: bytes, stream: io.BufferedReader, shard: Shard) -> None:
        self._head = io.BytesIO(head)
        self._stream = stream
        self._left = shard.end - stream.seek(shard.begin)

    def readline(self, limit: int) -> bytes:
        """A line, or `limit` bytes of it; nothing at the end."""
        line = self._head.readline(limit)
        if not line:
            line = self._stream.readline(min(limit, self._left))
            self._left -= len(line)
        return line


def _header(stream: io.BufferedReader) -> bytes:
    """The first row of a CSV file, as bytes; it may have several lines."""
    next(csv.reader(csv_lines(stream), strict=True), None)
    end = stream.tell()
    stream.seek(0)
    return stream.read(end)


def _parquet_rows(file: pq.ParquetFile, shard: Shard, name: str) -> Iterator[Row]:
    at = 0
    groups = []
    first = None
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if at < shard.end and at + rows > shard.begin:
            first = at if first is None else first
            groups.append(group)
        at += rows
    at = first or 0
    for batch in file.iter_batches(CHUNK, row_groups=groups, columns=[name], use_threads=False):
        begin, end = max(shard.begin - at, 0), min(shard.end - at, len(batch))
        if begin < end:
            texts = _texts(batch.column(0)[begin:end], f"has no text in its column {name!r}")
            for number, (headline, fault) in enumerate(texts, start=at + begin + 1):
                yield Row(number, headline, fault)
        at += len(batch)


def _texts(column: pa.Array, missing: str) -> Iterator[tuple[str, str | None]]:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        yield from [("", missing) if text is None else (text, None) for text in column.to_pylist()]
    except UnicodeDecodeError:
        for raw in column.cast(pa.large_binary()).to_pylist():
            try:
                yield ("", missing) if raw is None else (raw.decode(), None)
            except UnicodeDecodeError:
                yield "", "is not UTF-8"
