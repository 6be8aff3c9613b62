"""Reads the rows of one shard, identical to those that `--engine process` reads from the whole file."""

import io
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileSystem

from app.cli.bulk.files import File
from app.cli.bulk.sharding import Shard, header_of, text_columns, text_of
from app.cli.exit_status import InputError
from app.cli.predictors import CHUNK
from app.cli.readers.csv_rows import csv_rows
from app.cli.readers.decoding import PIECE_BYTES
from app.cli.readers.input_format import line_rows, read_table
from app.cli.readers.json_rows import Fields, json_line_rows
from app.cli.readers.lines import split_lines
from app.cli.readers.row import NOT_UTF_8, Row, RowOptions, joined, validate_row


def shard_rows(
    system: FileSystem, file: File, shard: Shard, names: Sequence[str], max_characters: int
) -> Iterator[Row]:
    """Yield every row of a shard, bad ones included; raises InputError if the file cannot be read.

    `names`: columns or fields that hold the headline.
    """
    try:
        with system.open_input_file(file.path) as raw:
            if file.form == "parquet":
                for number, text, fault in _parquet_rows(pq.ParquetFile(raw), shard, names):
                    yield validate_row(number, text, max_characters) if fault is None else Row(number, "", fault)
            else:
                with io.BufferedReader(raw) as stream:
                    yield from _text_rows(stream, file, shard, RowOptions(names, max_characters))
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{file.path}: cannot be read ({error}).") from None


def _text_rows(stream: io.BufferedReader, file: File, shard: Shard, options: RowOptions) -> Iterator[Row]:
    if (shard.begin, shard.end) == (0, file.size) and file.form != "parquet":
        yield from read_table(text_of(stream, file), file.form, options, file.name).rows
        return
    header = header_of(stream, file, options.names)
    lines = split_lines(_pieces(stream, shard))
    if header is not None:
        if not shard.begin:
            for _ in range(header.lines):
                next(lines)
        line = shard.line if shard.begin else 1 + header.lines
        yield from csv_rows(lines, header, options.max_characters, line)
    elif file.form == "lines":
        yield from line_rows(lines, options.max_characters, shard.line)
    else:
        yield from json_line_rows(lines, Fields(options), shard.line)


def _pieces(stream: io.BufferedReader, shard: Shard) -> Iterator[bytes]:
    """The bytes of a shard, without a byte order mark at the start of the file."""
    left = shard.end - stream.seek(shard.begin)
    while left and (piece := stream.read(min(PIECE_BYTES, left))):
        left -= len(piece)
        yield piece.removeprefix(BOM_UTF8) if stream.tell() == len(piece) else piece


def _parquet_rows(file: pq.ParquetFile, shard: Shard, names: Sequence[str]) -> Iterator[tuple[int, str, str | None]]:
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
    columns = text_columns(file.schema_arrow, names, shard.file)
    for batch in file.iter_batches(CHUNK, row_groups=groups, columns=columns, use_threads=False):
        begin, end = max(shard.begin - at, 0), min(shard.end - at, len(batch))
        if begin < end:
            by_column = [_texts(batch.column(name)[begin:end]) for name in columns]
            for number, texts in enumerate(zip(*by_column, strict=True), start=at + begin + 1):
                if None in texts:
                    yield number, "", NOT_UTF_8
                else:
                    yield number, joined(texts) if len(texts) > 1 else texts[0], None
        at += len(batch)


def _texts(column: pa.Array) -> Iterator[str | None]:
    """The texts of a column, empty for null, and None for one that is not UTF-8."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        yield from [text or "" for text in column.to_pylist()]
    except UnicodeDecodeError:
        for raw in column.cast(pa.large_binary()).to_pylist():
            try:
                yield (raw or b"").decode()
            except UnicodeDecodeError:
                yield None
