"""Rows of Parquet files, read with pyarrow in batches."""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from app.cli.readers.row import Row, validate_row
from training.errors import TableError
from training.labelled.columns import Wanted, find_columns, require
from training.labelled.text_files import LABEL, MAX_CHARACTERS, TIME, Opened

_BATCH = 1_000


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
    return columns, _rows(file, names, name)


def open_texts(stream: BinaryIO, column: str, name: str) -> Iterator[Row]:
    """Rows of one column of a Parquet file; parameters and errors as of `open_parquet`."""
    file = _open(stream, name)
    require(column, file.schema_arrow.names, name)
    return _rows(file, [column], name)


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
    if isinstance(text, bytes) or any(isinstance(value, bytes) for value in kept):
        try:
            text, *kept = (value.decode() if isinstance(value, bytes) else value for value in (text, *kept))
        except UnicodeDecodeError:
            return Row(number, "", "is not UTF-8")
    if not isinstance(text, str):
        return Row(number, "", f"has no text in its column {name!r}")
    return validate_row(number, text, MAX_CHARACTERS, dict(zip((LABEL, TIME), kept, strict=False)))


def _values(column: Any) -> list[Any]:  # noqa: ANN401 - pyarrow has no types
    """A column as Python values; texts as bytes if one of them is not UTF-8."""
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
