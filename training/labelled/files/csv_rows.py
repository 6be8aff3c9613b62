"""Rows of CSV and TSV files, read with the readers of `python -m app classify`."""

from collections.abc import Iterator
from itertools import islice, tee
from typing import Literal

from app.cli.readers.csv_records import Record, records
from app.cli.readers.csv_rows import Header, csv_rows, with_separator
from app.cli.readers.input_format import SEPARATORS
from app.cli.readers.lines import Line, split_lines
from app.cli.readers.row import TO_UTF_8, is_text
from training.errors import ColumnError, TableError
from training.labelled.columns import GUESSES, HEADER_BELOW, Columns, RequestedColumns, find_columns, find_numbered
from training.labelled.rows import LABEL, MAX_CHARACTERS, TIME, OpenedFile

_SAMPLE_ROWS = 2_000
_SAMPLE_BYTES = 4 * 1024**2
"""Rows, or bytes, from which the columns of a file without a header are guessed."""


def open_csv(
    pieces: Iterator[bytes], form: Literal["csv", "tsv"], requested: RequestedColumns, header: bool, name: str
) -> OpenedFile:
    """Open CSV or TSV.

    Args:
        pieces: the file as UTF-8.
        form: `csv` may have commas, semicolons or tabs.
        requested: the columns to read.
        header: whether the first line names the columns.
        name: of the file in messages.

    Raises:
        ColumnError: the columns are not there or not clear.
        TableError: the file is empty, or its first line cannot be read.
    """
    found: dict[str, Columns] = {}

    def read(first: Iterator[Line], separator: str) -> Header:
        found[separator], head = (_header if header else _no_header)(first, separator, requested, name)
        return head

    lines, errors = split_lines(pieces), (ColumnError, TableError)
    head, above, rest = with_separator(lines, SEPARATORS[form], read, errors)
    columns = found[head.separator]
    keep = [(head.names.index(columns.label), LABEL)]
    if columns.time is not None:
        keep.append((head.names.index(columns.time), TIME))
    return columns, csv_rows(rest, head, MAX_CHARACTERS, 1 + above.lines + head.lines, keep)


def _header(
    lines: Iterator[Line], separator: str, requested: RequestedColumns, name: str, *, may_be_row: bool = True
) -> tuple[Columns, Header]:
    record = _readable(next(records(lines, separator, None), None), name)
    names = [cell.strip() for cell in record.cells]
    columns = find_columns(names, requested, name, from_header=may_be_row)
    return columns, Header(names, [*map(names.index, columns.text)], separator, record.lines, record.size)


def _no_header(lines: Iterator[Line], separator: str, requested: RequestedColumns, name: str) -> tuple[Columns, Header]:
    again, lines = tee(lines)
    rows = islice(records(again, separator, None), _SAMPLE_BYTES)  # a blank line has at least one byte
    first = _readable(next((record for record in rows if record.cells or record.fault), None), name)
    width = len(first.cells)
    del again, rows  # which would keep all lines
    names = [cell.strip() for cell in first.cells]
    if set(GUESSES).issubset(names[2:]):  # `fit --unlabelled` writes a header, and the numbers of the other files in it
        label = names.index(GUESSES[0], 2) - 1
        written = RequestedColumns(tuple(names[:label]), names[label], requested.time)
        return _header(lines, separator, written, name, may_be_row=False)
    sample = []
    size = 0
    for record in records(lines, separator, width):
        size += record.size
        if record.cells or record.fault:
            sample.append(record)
        if len(sample) == _SAMPLE_ROWS or size > _SAMPLE_BYTES:
            break
    cells = [record.cells for record in sample if len(record.cells) == width]
    columns = find_numbered(cells or [first.cells], requested, name)
    names = [str(number) for number in range(1, width + 1)]
    return columns, Header(names, [*map(names.index, columns.text)], separator, 0, 0)


def _readable(record: Record | None, name: str) -> Record:
    if record is None:
        raise TableError(f"{name}: is empty; it needs a line that names the columns, and rows below it.")
    if record.fault is not None:
        raise TableError(f"{name}: its first line {record.fault}; correct it.")
    if not all(map(is_text, record.cells)):
        raise TableError(f"{name}: its first line is not UTF-8; {TO_UTF_8}.")
    if not any(map(str.strip, record.cells)):
        raise TableError(f"{name}: its first line names no column; {HEADER_BELOW[0].lower()}{HEADER_BELOW[1:]}")
    return record
