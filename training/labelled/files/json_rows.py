"""Rows of JSON Lines and JSON arrays, read with the readers of `python -m app classify`."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, Final, Literal

from app.cli.readers.json_rows import Fields, json_line_rows, json_rows
from app.cli.readers.lines import split_lines
from app.cli.readers.row import Row, RowOptions
from training.errors import ColumnError, TableError
from training.labelled.cells import is_choices
from training.labelled.columns import NESTED, Columns, RequestedColumns, find_columns
from training.labelled.files.exports import command, find_export, nested_rows
from training.labelled.rows import LABEL, MAX_CHARACTERS, TIME, OpenedFile

_SAMPLE_ROWS: Final = 2_000
"""Rows among which the first object with the columns must be."""


def open_json(
    pieces: Iterator[bytes], form: Literal["json", "jsonl"], requested: RequestedColumns, name: str
) -> OpenedFile:
    """Open JSON Lines, or a JSON array of objects; the columns are those of the first object that has them.

    Raises:
        ColumnError: the columns are not there or not clear.
        TableError: the file has no object, or is an export that must be converted.
    """
    fields = _FirstObjects(requested, name)
    rows = json_rows(pieces, fields, name) if form == "json" else json_line_rows(split_lines(pieces), fields)
    before = []
    for row in islice(rows, _SAMPLE_ROWS):
        before.append(row)
        if fields.columns is not None:
            return fields.columns, chain(before, rows)
    if fields.error is not None:
        raise fields.error
    what = f"its first {_SAMPLE_ROWS:,} lines hold" if len(before) == _SAMPLE_ROWS else "it holds"
    raise TableError(
        f'{name}: {what} no JSON object; write one object per line, such as {{"text": ..., "label": ...}}.'
    )


class _FirstObjects(Fields):
    """Fields that are looked for in the first objects, because any object may lack some of them."""

    def __init__(self, requested: RequestedColumns, name: str) -> None:
        self.columns: Columns | None = None
        self.error: ColumnError | None = None
        self._requested = requested
        self._file = name
        self._fields: Fields | None = None

    def row(self, line: int, value: object, *, array: bool = False) -> Row:
        if self._fields is None:
            if not isinstance(value, dict):
                return Row(line, "", "is not a JSON object")
            if export := find_export(value):
                convert = command(export.convert, self._file, array=array)
                raise TableError(f"{self._file}: is an export of {export.program}; convert it with {convert}.")
            try:
                nested = self._nested(value, array=array)
                columns = find_columns(list(value), self._requested, self._file, nested=nested)
                _ensure_flat(value, columns, nested)
            except ColumnError as error:
                self.error = self.error or error
                return Row(line, "", "lacks the text or the label")
            self.columns = columns
            keep = [columns.label, *([columns.time] if columns.time else [])]
            self._fields = Fields(RowOptions(columns.text, MAX_CHARACTERS, keep))
        row = self._fields.row(line, value)
        return (
            row
            if row.fault is not None
            else row._replace(kept=dict(zip((LABEL, TIME), row.kept.values(), strict=False)))
        )

    def text(self, line: int, value: object) -> Row:
        return self.row(line, value, array=True)

    def _nested(self, value: dict[str, Any], *, array: bool) -> str:
        """What to do if the columns are in nested fields of the value; empty if it has none."""
        if not any(map(_is_nested, value.values())):
            return ""
        convert = nested_rows(value)
        return f"{NESTED}{f', such as with {command(convert, self._file, array=array)}' if convert else ''}."


def _ensure_flat(value: dict[str, Any], columns: Columns, nested: str) -> None:
    """Raise ColumnError if text or label of an object have fields of their own; `nested` says what to do about it."""
    for name in (*columns.text, columns.label):
        if _is_nested(value[name]) and not is_choices(value[name]):
            raise ColumnError(f"{columns.file}: the field {name!r} has fields of its own. {nested}")


def _is_nested(value: object) -> bool:
    """Whether the value of a field has fields of its own."""
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, dict) for one in value))
