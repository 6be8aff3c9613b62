"""Cells of Arrow columns as Python values; cells that are too long become faults without being converted."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.cli.readers import row
from training.labelled.rows import MAX_CHARACTERS

MAX_CELL_BYTES: Final = 4 * MAX_CHARACTERS
MAX_LABELS: Final = 1_000
"""A row with a longer cell or more labels is bad."""

_STRINGS: Final = ("string", "large_string", "string_view")
_BYTES: Final = ("binary", "large_binary", "binary_view")
"""Names of types in `pyarrow.types`. Older programs write strings as bytes."""


class Fault(str):
    """Why a row with this cell is bad: the rest of a sentence that begins with its line."""

    __slots__ = ()


TOO_LONG: Final = Fault(f"has a cell of more than {MAX_CELL_BYTES:,} bytes or {MAX_LABELS:,} labels")
NOT_UTF_8: Final = Fault(row.NOT_UTF_8)


def is_text(kind: pa.DataType) -> bool:
    """Whether cells of a type are texts, or bytes that may be."""
    return _is_one_of(kind, (*_STRINGS, *_BYTES))


def is_label(kind: pa.DataType) -> bool:
    """Whether cells of a type are labels, or lists of labels."""
    numbers = ("boolean", "integer", "floating", "decimal", "null")
    if is_list(kind):
        return _is_one_of(kind.value_type, (*_STRINGS, *numbers))
    return _is_one_of(kind, (*_STRINGS, *_BYTES, *numbers))


def is_time(kind: pa.DataType) -> bool:
    """Whether cells of a type are times, or texts and numbers that may be."""
    return _is_one_of(kind, (*_STRINGS, *_BYTES, "date", "timestamp", "integer", "floating", "null"))


def is_list(kind: pa.DataType) -> bool:
    """Whether cells of a type are lists."""
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def cells(column: pa.Array) -> list[Any]:
    """The values of a column whose type `is_text`, `is_label` or `is_time` accepts.

    Args:
        column: of n cells; texts may be dictionary-encoded.

    Returns:
        n values, with a Fault for cells that are too long or not UTF-8.
    """
    if not is_list(column.type):
        is_long = _lengths(column) > MAX_CELL_BYTES
    else:
        counts = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
        ends = np.cumsum(counts, dtype=np.int64)
        sums = np.concatenate([[0], np.cumsum(_lengths(column.flatten()))])
        is_long = (counts > MAX_LABELS) | (sums[ends] - sums[ends - counts] > MAX_CELL_BYTES)
    if not is_long.any():
        return _python_values(column)
    short = iter(_python_values(column.filter(pa.array(~is_long))))
    return [TOO_LONG if long else next(short) for long in is_long.tolist()]


def _is_one_of(kind: pa.DataType, names: Sequence[str]) -> bool:
    """Whether `pyarrow.types.is_NAME` holds with one of the names for a type, or for the values of a dictionary."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return any(getattr(pa.types, f"is_{name}")(kind) for name in names)


def _lengths(column: pa.Array) -> NDArray[np.int64]:
    """Bytes of each text of a column, int64 [n]; 0 for numbers, times and nulls."""
    if not is_text(column.type):
        return np.zeros(len(column), np.int64)
    if not pa.types.is_dictionary(column.type):
        return np.asarray(pc.fill_null(pc.binary_length(column), 0), np.int64)
    lengths = np.zeros(len(column), np.int64)
    places = column.indices.drop_null().to_numpy()
    if len(places):
        values = column.dictionary
        wide = pa.types.is_large_string(values.type) or pa.types.is_large_binary(values.type)
        # `binary_length` would read the whole dictionary, which may have a million texts, for each batch of rows.
        offsets = np.frombuffer(values.buffers()[1], np.int64 if wide else np.int32)[values.offset :]
        lengths[column.is_valid()] = offsets[places + 1] - offsets[places]
    return lengths


def _python_values(column: pa.Array) -> list[Any]:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":  # `to_pylist` would need pandas
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        column = column.cast(pa.large_string(), safe=False)
    try:
        return list(column.to_pylist())
    except (OverflowError, ValueError):  # UnicodeDecodeError is one
        return list(map(_python_value, column))


def _python_value(value: pa.Scalar) -> Any:  # noqa: ANN401 - that of a cell
    """A cell as Python value; a date or time after the year 9999 as text, which is then no valid time."""
    try:
        return value.as_py()
    except UnicodeDecodeError:
        return NOT_UTF_8
    except (OverflowError, ValueError):
        return value.cast(pa.string()).as_py()
