"""Input format (plain lines, CSV, TSV, JSON Lines or JSON) from the name of a file; reads rows lazily."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from app.cli.readers.csv_rows import ColumnError, csv_rows, read_header
from app.cli.readers.json_rows import Fields, json_line_rows, json_rows
from app.cli.readers.lines import TOO_LONG, Line, LongLine, split_lines
from app.cli.readers.row import Row, RowOptions, unique_names, validate_row

NamedFormat = Literal["csv", "tsv", "jsonl", "json"]
InputFormat = Literal["lines"] | NamedFormat

DEFAULT_NAME = "headline"

SEPARATORS = {"csv": ",;\t", "tsv": "\t"}
"""Separators that are tried on the header, in this order."""

ENDINGS: Mapping[str, NamedFormat] = {"csv": "csv", "tsv": "tsv", "jsonl": "jsonl", "ndjson": "jsonl", "json": "json"}
"""Format by what the name of a file ends with, without `.gz`; any other file has plain lines."""


class Table(NamedTuple):
    """An input, of which at most the header has been read."""

    rows: Iterator[Row]
    """All rows, including those with a fault."""
    kept: list[str] | None
    """Output names of the kept columns; None if they differ from row to row."""


def name_ending(name: str) -> str:
    """What the name of a file ends with, in lower case, without the dot before it and without `.gz`."""
    return name.lower().removesuffix(".gz").rpartition(".")[2]


def input_format(name: str, columns: Sequence[str], fields: Sequence[str]) -> InputFormat:
    """Format of an input file: from --column or --field if given, otherwise from its suffix, otherwise plain lines.

    Raises:
        ColumnError: the suffix is of JSON and --column was given, or of CSV or TSV and --field.
    """
    form: InputFormat = ENDINGS.get(name_ending(name), "lines")
    if columns and form in ("json", "jsonl"):
        raise ColumnError(f"{name}: is JSON, which has no columns; use --field instead of --column")
    if fields and form in ("csv", "tsv"):
        raise ColumnError(f"{name}: has columns and no fields; use --column instead of --field")
    if columns:
        return "tsv" if form == "tsv" else "csv"
    if fields:
        return "jsonl" if form == "jsonl" else "json"
    return form


def read_table(pieces: Iterator[bytes], form: InputFormat, options: RowOptions, name: str) -> Table:
    """Open an input as a table of rows.

    Args:
        pieces: the input as UTF-8.
        form: its format.
        options: which columns to read and keep.
        name: of the input in messages.

    Raises:
        ColumnError: a CSV or TSV file does not have a column, or columns of plain lines were to be kept.
        InputError: the input cannot be read; also raised while the rows are read.
    """
    if form == "lines":
        if options.keep != ():
            raise ColumnError(f"{name}: is read as plain lines, which have no columns to keep")
        return Table(line_rows(split_lines(pieces), options.max_characters), [])
    if form in ("json", "jsonl"):
        fields = Fields(options)
        rows = json_rows(pieces, fields, name) if form == "json" else json_line_rows(split_lines(pieces), fields)
        return Table(rows, None if options.keep is None else unique_names(options.keep, options.result))
    header, lines = read_header(split_lines(pieces), options.names, SEPARATORS[form], name)
    numbers = [number for number in range(len(header.names)) if number not in header.at]
    if options.keep is not None:
        numbers = [_number(header.names, kept, name) for kept in options.keep]
    kept = unique_names([header.names[number] for number in numbers], options.result)
    keep = list(zip(numbers, kept, strict=True))
    return Table(csv_rows(lines, header, options.max_characters, 1 + header.lines, keep), kept)


def line_rows(lines: Iterable[Line], max_characters: int, line: int = 1) -> Iterator[Row]:
    """Yield one row per line; `line` is the number of the first line."""
    for number, raw in enumerate(lines, start=line):
        if isinstance(raw, LongLine):
            yield Row(number, "", TOO_LONG)
        else:
            yield validate_row(number, raw.decode("utf-8", "surrogateescape").rstrip("\r\n"), max_characters)


def _number(names: Sequence[str], name: str, file: str) -> int:
    if name not in names:
        raise ColumnError(f"{file}: there is no column {name!r} to keep; the first line has: {', '.join(names)[:300]}")
    return names.index(name)
