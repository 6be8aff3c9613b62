"""Rows of Parquet files, read with pyarrow in batches."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from app.cli.readers.parquet_footer import ensure_small_footer
from app.cli.readers.row import Row, joined, validate_row
from training.errors import TableError
from training.labelled.columns import NESTED, RequestedColumns, ensure_column, find_columns
from training.labelled.parquet.cells import Fault, cells, is_label, is_text, is_time
from training.labelled.parquet.class_names import class_names, named
from training.labelled.rows import LABEL, MAX_CHARACTERS, TIME, OpenedFile
from training.wording import enumerated

MAX_COLUMN_BYTES: Final = 512 * 1024**2
"""Maximum decompressed size of a column in one row group. pyarrow needs up to four times the memory for one value."""
MAX_VALUES: Final = 20_000_000
"""Maximum number of rows of a file, and of values of a column in one row group."""

_BATCH_ROWS = 1_000
_MAX_TYPE_CHARACTERS = 60
"""Characters of a type in a message; the name of a struct type lists all its fields."""

_TYPES: Final[dict[str, tuple[Callable[[pa.DataType], bool], str]]] = {
    "--text": (is_text, "texts must be strings"),
    "--label": (is_label, "labels must be strings, numbers or lists of them"),
    "--time": (is_time, "times must be dates, timestamps, numbers or strings"),
}
"""Option that names a column -> which types it may have."""


def open_parquet(stream: BinaryIO, requested: RequestedColumns, name: str) -> OpenedFile:
    """Open a Parquet file.

    Args:
        stream: the file; it must be seekable.
        requested: the columns to read.
        name: of the file in messages.

    Raises:
        ColumnError: the columns are not there or not clear.
        InputError: the footer is too large.
        TableError: the file is not Parquet, a row group is too large, or a column has a type that cannot be read.
    """
    file = _open(stream, name)
    nested = any("struct<" in str(kind) for kind in file.schema_arrow.types)
    columns = find_columns(file.schema_arrow.names, requested, name, nested=f"{NESTED}." if nested else "")
    options = dict.fromkeys(columns.text, "--text") | {columns.label: "--label"}
    if columns.time:
        options[columns.time] = "--time"
    bounded = _bounded(file, stream, options, name)
    if names := class_names(file.schema_arrow, columns.label):
        columns = replace(columns, classes=len(names))
    return columns, _rows(bounded, columns.text, list(options), name, names)


def open_texts(stream: BinaryIO, texts: Sequence[str], name: str) -> Iterator[Row]:
    """Rows of the columns with texts alone; other parameters and errors as of `open_parquet`."""
    file = _open(stream, name)
    for column in texts:
        ensure_column(column, file.schema_arrow.names, name)
    return _rows(_bounded(file, stream, dict.fromkeys(texts, "--text"), name), texts, texts, name)


def _open(stream: BinaryIO, name: str) -> pq.ParquetFile:
    try:
        ensure_small_footer(stream, name)
        return pq.ParquetFile(stream)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise TableError(f"{name}: is not a Parquet file ({_brief(error)}); write or copy it again.") from None


def _bounded(file: pq.ParquetFile, stream: BinaryIO, options: Mapping[str, str], name: str) -> pq.ParquetFile:
    """The file, opened so that texts stay dictionary-encoded: decoded, a small file may take gigabytes.

    Args:
        file: the same file, opened to read its schema.
        stream: its bytes.
        options: column to read -> the option that names it.
        name: of the file in messages.

    Raises:
        TableError: it has too many rows, too large row groups, or columns of other types.
    """
    _ensure_types(file, options, name)
    meta = file.metadata
    paths = {}
    for number in range(len(meta.schema)):
        column = meta.schema.column(number)
        if any(column.path == wanted or column.path.startswith(f"{wanted}.") for wanted in options):
            paths[number] = column
    chunks = [meta.row_group(group).column(number) for group in range(meta.num_row_groups) for number in paths]
    if meta.num_rows > MAX_VALUES or any(chunk.num_values > MAX_VALUES for chunk in chunks):
        raise TableError(f"{name}: has more than {MAX_VALUES:,} rows or labels; split it.")
    if any(chunk.total_uncompressed_size > MAX_COLUMN_BYTES for chunk in chunks):
        raise TableError(
            f"{name}: a column has more than {MAX_COLUMN_BYTES // 1024**2} MiB in one row group; write it with"
            " smaller row groups, such as row_group_size=100_000 in pyarrow."
        )
    texts = [
        column.path
        for column in paths.values()
        if column.physical_type == "BYTE_ARRAY" and column.logical_type.type != "DECIMAL"
    ]
    return pq.ParquetFile(stream, metadata=meta, read_dictionary=texts, pre_buffer=False, buffer_size=1024**2)


def _ensure_types(file: pq.ParquetFile, options: Mapping[str, str], name: str) -> None:
    for column, option in options.items():
        is_right, must = _TYPES[option]
        if not is_right(kind := file.schema_arrow.field(column).type):
            raise TableError(
                f"{name}: the column {column!r} has the type {str(kind)[:_MAX_TYPE_CHARACTERS]}, but {must}; convert"
                f" it, such as with .astype(str) in pandas, or choose another column with {option}."
            )


def _rows(
    file: pq.ParquetFile, texts: Sequence[str], names: Sequence[str], name: str, classes: Sequence[str] = ()
) -> Iterator[Row]:
    """Rows of the columns `names`, of which `texts` are the first; `classes` names the numbers in the next one."""
    number = 0
    size = max(1, _BATCH_ROWS // len(texts))  # so that several columns take no more memory than one
    try:
        # One row group at a time: pyarrow cannot join lists of values of different dictionaries.
        for group in range(file.num_row_groups):
            for batch in file.iter_batches(size, [group], names, use_threads=False):
                columns = [cells(batch.column(batch.schema.get_field_index(column))) for column in names]
                if classes:
                    columns[len(texts)] = [named(cell, classes) for cell in columns[len(texts)]]
                for row in zip(*columns, strict=True):
                    number += 1
                    yield _row(number, texts, row)
    except (pa.ArrowException, IndexError, OSError, OverflowError, ValueError) as error:
        raise TableError(
            f"{name}: cannot be read after row {number:,} ({_brief(error)}); write or copy it again."
        ) from None


def _row(number: int, texts: Sequence[str], cells: Sequence[object]) -> Row:
    for cell in cells:
        if isinstance(cell, Fault):
            return Row(number, "", cell)
    given = [cell for cell in cells[: len(texts)] if isinstance(cell, str)]
    if not given:
        columns = f"column{'' if len(texts) == 1 else 's'} {enumerated([*map(repr, texts)])}"
        return Row(number, "", f"has no text in the {columns}")
    text = given[0] if len(given) == 1 else joined(given)
    return validate_row(number, text, MAX_CHARACTERS, dict(zip((LABEL, TIME), cells[len(texts) :], strict=False)))


def _brief(error: Exception) -> str:
    return str(error).partition("\n")[0][:120]
