"""Reads rows from CSV: the header, and the headline and the kept columns of each record below it."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from app.cli.exit_status import InputError
from app.cli.readers.csv_records import Record, records
from app.cli.readers.lines import Line
from app.cli.readers.row import NO_COLUMNS, NOT_UTF_8, TO_UTF_8, Row, is_text, validate_row

REPEATED_HEADER = "repeats the header"
"""Fault of a row that equals the header, as in the middle of files that `cat` has joined."""

_SEPARATOR_LINE = re.compile(rb'"?sep=([,;|\t])"?[\r\n]*', re.IGNORECASE)


class ColumnError(Exception):
    """The headline column is missing, does not hold text, or its name occurs more than once."""


class Header(NamedTuple):
    """The first row, which names the columns."""

    names: list[str]
    at: int
    """Index of the column that holds the headlines."""
    separator: str
    lines: int
    """Number of lines that the header takes; 0 if there is none, and `names` are the columns' numbers."""
    size: int
    """Bytes."""


def skip_separator_line(lines: Iterator[Line], separators: str) -> tuple[bytes, Iterator[Line], str]:
    """Skip a first line such as `sep=;`, which tells spreadsheets the separator.

    Returns:
        The line, empty if there is none; the lines after it; and the separator that it names, or else `separators`.
    """
    first = next(lines, b"")
    named = _SEPARATOR_LINE.fullmatch(first) if isinstance(first, bytes) else None
    if named is not None:
        return named[0], lines, named[1].decode()
    return b"", chain([first] if first else [], lines), separators


def read_header(lines: Iterator[Line], name: str, separators: str, file: str) -> tuple[Header, Iterator[Line]]:
    """Read the header with the first of `separators` that gives a column called `name`.

    A line such as `sep=;` above it counts as part of it.

    Returns:
        The header, and the lines after it.

    Raises:
        ColumnError: no column has that name, or several have.
        InputError: the input, called `file` in messages, has no header.
    """
    skipped, lines, separators = skip_separator_line(lines, separators)
    seen: list[Line] = []

    def read() -> Iterator[Line]:
        for raw in lines:
            seen.append(raw)
            yield raw

    faults: dict[str, ColumnError | InputError] = {}
    for separator in separators:
        again = chain(seen[:], read())
        try:
            header = _header(next(records(again, separator, None), None), name, separator, file)
        except (ColumnError, InputError) as error:
            faults[separator] = error
        else:
            rest = chain(seen[header.lines :], lines)
            return header._replace(lines=header.lines + bool(skipped), size=header.size + len(skipped)), rest
    # The message shows the columns as the separator that occurs most divides them.
    first = seen[0] if seen and isinstance(seen[0], bytes) else b""
    raise faults[max(separators, key=lambda separator: first.count(separator.encode()))]


def _header(record: Record | None, name: str, separator: str, file: str) -> Header:
    if record is None:
        raise InputError(f"{file}: is empty; its first line should name the columns.")
    if record.fault is not None:
        raise InputError(f"{file}: its first line, which should name the columns, {record.fault}.")
    if not all(map(is_text, record.cells)):
        raise InputError(f"{file}: its first line, which should name the columns, {NOT_UTF_8}; {TO_UTF_8}.")
    names = list(record.cells)
    alike = [given for given in names if given.strip().lower() == name.strip().lower()]
    if name not in names and len(alike) == 1:
        name = alike[0]
    if name not in names:
        listed = ", ".join(names)[:300]
        shown = listed if listed.isprintable() else ascii(listed)
        there = f"{shown}; choose one with --column" if listed else "nothing"
        raise ColumnError(f"{file}: there is no column {name!r}; the first line has: {there}")
    if names.count(name) > 1:
        raise ColumnError(f"{file}: there are {names.count(name)} columns {name!r}; rename all but one")
    return Header(names, names.index(name), separator, record.lines, record.size)


def csv_rows(
    lines: Iterator[Line], header: Header, max_characters: int, line: int, keep: Sequence[tuple[int, str]] = ()
) -> Iterator[Row]:
    """Yield the rows below a header; blank lines are skipped, and a row that repeats the header has a fault.

    Args:
        lines: the input below the header.
        header: the header.
        max_characters: a longer headline makes its row bad.
        line: number of the first line.
        keep: index and output name of each column that rows keep.
    """
    at, width = header.at, len(header.names)
    names = list(map(_bare, header.names)) if header.lines else []
    name = names[at] if names else None
    for record in records(lines, header.separator, width, line):
        cells = record.cells
        if record.fault is not None:
            yield Row(record.line, "", record.fault)
        elif len(cells) != width:
            if cells:
                first = "the header" if header.lines else "the first line"
                count = f"{len(cells)} column{'' if len(cells) == 1 else 's'}, and {first} {width}"
                missing = f"has no column {header.names[at]!r} ({count})" if len(cells) <= at else f"has {count}"
                yield Row(record.line, "", missing)
        elif _bare(cells[at]) == name and list(map(_bare, cells)) == names:
            yield Row(record.line, "", REPEATED_HEADER)
        else:
            kept = {called: cells[number] for number, called in keep} if keep else NO_COLUMNS
            row = validate_row(record.line, cells[at], max_characters, kept)
            if keep and row.fault is None and not all(map(is_text, (cells[number] for number, _ in keep))):
                row = Row(record.line, "", NOT_UTF_8)
            if row.fault is not None and record.lines > 1:
                last = record.line + record.lines - 1
                row = Row(record.line, "", f"{row.fault} (the row ends on line {last})")
            yield row


def _bare(cell: str) -> str:
    """The cell without blanks around it, and without the byte order mark that may precede a header."""
    return cell.strip(" \t\ufeff")
