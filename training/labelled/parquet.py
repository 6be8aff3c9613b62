"""Rows of Parquet files, read with pyarrow in batches."""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

from app.cli.readers.row import Row, validate_row
from training.errors import TableError
from training.labelled.columns import Wanted, find_columns, require
from training.labelled.text_files import LABEL, MAX_CHARACTERS, TIME, Opened

MOST_BYTES: Final = 512 * 1024**2
MOST_VALUES: Final = 20_000_000
"""Most unpacked bytes of a column in one row group, and most rows of a file and values in a row group. pyarrow takes up
to four times the bytes if they are one value."""

MOST_CELL_BYTES: Final = 4 * MAX_CHARACTERS
MOST_LABELS: Final = 1_000
"""A longer cell, or list of labels, is never converted to Python values: its row is bad."""

_BATCH = 1_000
_LONG: Final = object()
"""Stands for such a cell."""


def open_parquet(stream: BinaryIO, wanted: Wanted, name: str) -> Opened:
    """Open a Parquet file.

    Args:
        stream: the file; it must be seekable.
        wanted: the columns to read.
        name: of the file in messages.

    Raises:
        ColumnError: the columns are not there or not clear.
        TableError: the file is not Parquet, or pyarrow is not installed.
    """
    file = _open(stream, name)
    columns = find_columns(file.schema_arrow.names, wanted, name)
    names = [columns.text, columns.label, *([columns.time] if columns.time else [])]
    return columns, _rows(_bounded(file, stream, names, name), names, name)


def open_texts(stream: BinaryIO, column: str, name: str) -> Iterator[Row]:
    """Rows of one column of a Parquet file; parameters and errors as of `open_parquet`."""
    file = _open(stream, name)
    require(column, file.schema_arrow.names, name)
    return _rows(_bounded(file, stream, [column], name), [column], name)


def _open(stream: BinaryIO, name: str) -> Any:  # noqa: ANN401 - pyarrow has no types
    try:
        import pyarrow as pa  # noqa: PLC0415 - 100 MB that no other format needs
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError:
        raise TableError(f"{name}: Parquet needs pyarrow; install it with pip install '.[train]'.") from None
    try:
        return pq.ParquetFile(stream)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise TableError(f"{name}: is not a Parquet file ({_brief(error)}).") from None


def _bounded(file: Any, stream: BinaryIO, names: Sequence[str], name: str) -> Any:  # noqa: ANN401 - as above
    """The file, opened so that equal texts stay one value in memory: a dictionary may make gigabytes of few bytes.

    Raises:
        TableError: it has too many rows, or too large row groups.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415

    meta = file.metadata
    paths = {}
    for number in range(len(meta.schema)):
        column = meta.schema.column(number)
        if any(column.path == one or column.path.startswith(f"{one}.") for one in names):
            paths[number] = column
    chunks = [meta.row_group(group).column(number) for group in range(meta.num_row_groups) for number in paths]
    if meta.num_rows > MOST_VALUES or any(chunk.num_values > MOST_VALUES for chunk in chunks):
        raise TableError(f"{name}: has more than {MOST_VALUES:,} rows or labels; split it.")
    if any(chunk.total_uncompressed_size > MOST_BYTES for chunk in chunks):
        raise TableError(
            f"{name}: a column has more than {MOST_BYTES // 1024**2} MiB in one row group; write it with smaller row"
            " groups, such as row_group_size=100_000 in pyarrow."
        )
    texts = [
        column.path
        for column in paths.values()
        if column.path in names and column.physical_type == "BYTE_ARRAY" and column.logical_type.type != "DECIMAL"
    ]
    return pq.ParquetFile(stream, read_dictionary=texts, pre_buffer=False, buffer_size=1024**2)


def _rows(file: Any, names: Sequence[str], name: str) -> Iterator[Row]:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa  # noqa: PLC0415

    number = 0
    try:
        for batch in file.iter_batches(_BATCH, columns=names, use_threads=False):
            values = [_values(batch.column(batch.schema.get_field_index(column))) for column in names]
            for text, *kept in zip(*values, strict=True):
                number += 1
                yield _row(number, names[0], text, kept)
    except (pa.ArrowException, OSError, OverflowError, ValueError) as error:
        raise TableError(f"{name}: cannot be read after row {number:,} ({_brief(error)}).") from None


def _row(number: int, name: str, text: object, kept: list[object]) -> Row:
    if text is _LONG or _LONG in kept:
        limits = f"{MOST_CELL_BYTES:,} bytes or {MOST_LABELS:,} labels"
        return Row(number, "", f"has a cell of more than {limits}")
    if isinstance(text, bytes) or any(isinstance(value, bytes) for value in kept):
        try:
            text, *kept = (value.decode() if isinstance(value, bytes) else value for value in (text, *kept))
        except UnicodeDecodeError:
            return Row(number, "", "is not UTF-8")
    if not isinstance(text, str):
        return Row(number, "", f"has no text in the column {name!r}")
    return validate_row(number, text, MAX_CHARACTERS, dict(zip((LABEL, TIME), kept, strict=False)))


def _values(column: Any) -> list[Any]:  # noqa: ANN401 - pyarrow has no types
    """A column as Python values, with _LONG for long cells; texts as bytes if one of them is not UTF-8."""
    import pyarrow as pa  # noqa: PLC0415

    is_long = _long_cells(column)
    if is_long is None:
        return [{}] * len(column)  # neither a text nor a number
    if not any(is_long):
        return _python_values(column)
    short = iter(
        _python_values(column.take(pa.array([number for number, long in enumerate(is_long) if not long], pa.int64())))
    )
    return [_LONG if long else next(short) for long in is_long]


def _long_cells(column: Any) -> list[bool] | None:  # noqa: ANN401 - pyarrow has no types
    """Whether each cell is long; None if the cells are neither single values nor lists of them."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    if not pa.types.is_nested(column.type):
        return [length > MOST_CELL_BYTES for length in _lengths(column)]
    if not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
        return None
    if pa.types.is_nested(column.type.value_type):
        return None
    sizes = [0] * len(column)
    counts = [count or 0 for count in pc.list_value_length(column).to_pylist()]
    for row, length in zip(pc.list_parent_indices(column).to_pylist(), _lengths(column.flatten()), strict=True):
        sizes[row] += length
    return [count > MOST_LABELS or size > MOST_CELL_BYTES for count, size in zip(counts, sizes, strict=True)]


def _lengths(column: Any) -> list[int]:  # noqa: ANN401 - pyarrow has no types
    """Bytes of each value of a column; 0 for numbers and times."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    values = column.dictionary if pa.types.is_dictionary(column.type) else column
    kind = values.type
    if not any(test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary)) and not (
        pa.types.is_large_binary(kind)
    ):
        return [0] * len(column)
    lengths = pc.binary_length(values)
    if pa.types.is_dictionary(column.type):
        lengths = pc.take(lengths, column.indices)
    return [length or 0 for length in lengths.to_pylist()]


def _python_values(column: Any) -> list[Any]:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":  # would need pandas
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        return list(column.cast(pa.large_binary()).to_pylist())
    except (OverflowError, ValueError):
        return [_time(value) for value in column]


def _time(value: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    """A date or time as Python value; as text, which is then no valid time, if it is after the year 9999."""
    import pyarrow as pa  # noqa: PLC0415

    try:
        return value.as_py()
    except (OverflowError, ValueError):
        return value.cast(pa.string()).as_py()


def _brief(error: Exception) -> str:
    return str(error).splitlines()[0][:120]
