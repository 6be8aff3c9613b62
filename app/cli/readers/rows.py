"""Headlines out of a stream of bytes: plain lines, CSV, TSV or JSON; a row at a time, however long the stream."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from app.cli.readers.csv_rows import ColumnError, csv_rows, read_header
from app.cli.readers.json_rows import Fields, json_line_rows, json_rows
from app.cli.readers.lines import TOO_LONG, Line, LongLine, split_lines
from app.cli.readers.row import Row, checked
from app.cli.writers import clear_names

Form = Literal["lines", "csv", "tsv", "jsonl", "json"]

DEFAULT_NAME = "headline"

SEPARATORS = {"csv": ",;\t", "tsv": "\t"}
"""Tried in this order, on the header."""

_ENDINGS: dict[str, Form] = {"csv": "csv", "tsv": "tsv", "jsonl": "jsonl", "ndjson": "jsonl", "json": "json"}


class Options(NamedTuple):
    """How the rows of an input are read."""

    name: str
    """The column or field with the headline."""
    max_characters: int
    keep: Sequence[str] | None = ()
    """The other columns or fields that rows keep; None: all of them."""
    result: Sequence[str] = ()
    """Names of columns that the output has already."""


class Table(NamedTuple):
    """An input whose first row may have been read, but not more."""

    rows: Iterator[Row]
    """Faulty ones included."""
    kept: list[str] | None
    """What is kept of each row; None: that differs from row to row."""


def form_of(name: str, column: str | None, field: str | None) -> Form:
    """What a file holds: as the options say, else as its name ends, else plain lines."""
    ending = name.lower().removesuffix(".gz").rpartition(".")[2]
    form = _ENDINGS.get(ending, "lines")
    if column is not None:
        return "tsv" if form == "tsv" else "csv"
    if field is not None:
        return "jsonl" if form == "jsonl" else "json"
    return form


def read_table(pieces: Iterator[bytes], form: Form, options: Options, name: str) -> Table:
    """The rows of an input that messages call `name`, given as pieces of UTF-8.

    Raises:
        ColumnError: a CSV or TSV file has no such column, or plain lines should keep some.
        InputError: now or with a row: the input cannot be read.
    """
    if form == "lines":
        if options.keep != ():
            raise ColumnError(f"{name}: is read as plain lines, which have no columns to keep")
        return Table(line_rows(split_lines(pieces), options.max_characters), [])
    if form in ("json", "jsonl"):
        fields = Fields(options.name, options.max_characters, options.keep, options.result)
        rows = json_rows(pieces, fields, name) if form == "json" else json_line_rows(split_lines(pieces), fields)
        return Table(rows, None if options.keep is None else clear_names(options.keep, options.result))
    header, lines = read_header(split_lines(pieces), options.name, SEPARATORS[form], name)
    numbers = [number for number in range(len(header.names)) if number != header.at]
    if options.keep is not None:
        numbers = [_number(header.names, kept, name) for kept in options.keep]
    kept = clear_names([header.names[number] for number in numbers], options.result)
    keep = list(zip(numbers, kept, strict=True))
    return Table(csv_rows(lines, header, options.max_characters, keep, 1 + header.lines), kept)


def line_rows(lines: Iterable[Line], max_characters: int, line: int = 1) -> Iterator[Row]:
    """A headline on each line."""
    for number, raw in enumerate(lines, start=line):
        if isinstance(raw, LongLine):
            yield Row(number, "", TOO_LONG)
        else:
            yield checked(number, raw.decode("utf-8", "surrogateescape").rstrip("\r\n"), max_characters)


def column_names(values: Sequence[str]) -> list[str]:
    """The names in the values of an option: `id,date`, or several options; a name with a comma is quoted.

    Raises:
        ColumnError: a value is not a row of CSV.
    """
    try:
        return list(dict.fromkeys(name for value in values for name in next(csv.reader((value,), strict=True), [])))
    except csv.Error as error:
        raise ColumnError(f"--keep takes names as CSV has them ({error})") from None


def _number(names: Sequence[str], name: str, file: str) -> int:
    if name not in names:
        raise ColumnError(f"{file}: there is no column {name!r} to keep; the first line has: {', '.join(names)[:300]}")
    return names.index(name)
