"""Names of classes in the schema of a Parquet file that Hugging Face datasets wrote, where labels are numbers."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
from pydantic_core import from_json

from training.labelled.parquet.cells import Fault, is_list

_KEY: Final = b"huggingface"
"""Of the schema's metadata: JSON with the `features` of the data set."""
_NO_LABEL: Final = -1
"""What the data sets have in rows whose label is not published, such as test rows."""


def class_names(schema: pa.Schema, column: str) -> Sequence[str]:
    """Names of the classes whose numbers a column has, by number; empty if the schema names none for it."""
    field = schema.field(column)
    values = field.type.value_type if is_list(field.type) else field.type
    if not pa.types.is_integer(values):
        return ()
    try:
        features = _get(from_json((schema.metadata or {}).get(_KEY, b"null")), "info", "features")
    except ValueError:  # written by another program
        return ()
    feature = _get(features, column)
    if is_list(field.type):  # `{"feature": ...}`, or a list of one feature, as older releases also write
        feature = feature[0] if isinstance(feature, list) and feature else _get(feature, "feature")
    names = _get(feature, "names") if _get(feature, "_type") == "ClassLabel" else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return ()
    return names if len(set(names)) == len(names) else ()


def named(cell: object, names: Sequence[str]) -> object:
    """A cell with the names of the numbers in it: a number, a list of numbers, or None.

    Returns:
        A name, a list of names, or None for no label; a Fault if a number has no name.
    """
    if isinstance(cell, list):
        labels = [named(number, names) for number in cell]
        return next((label for label in labels if isinstance(label, Fault)), labels)
    if not isinstance(cell, int) or cell == _NO_LABEL:
        return cell if isinstance(cell, Fault) else None
    if 0 <= cell < len(names):
        return names[cell]
    return Fault(f"has the label {cell}, but the file names the classes 0 to {len(names) - 1}")


def _get(value: object, *keys: str) -> Any:  # noqa: ANN401 - any JSON value
    """The value under keys in nested objects; None if there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
