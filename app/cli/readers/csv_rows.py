"""Reads rows from CSV: the header, and the headline and the kept columns of each record below it."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from app.cli.exit_status import InputError
from app.cli.readers.csv_records import Record, records
from app.cli.readers.lines import Line
from app.cli.readers.row import NO_COLUMNS, NOT_UTF_8, TO_UTF_8, Row, ignoring_case, is_text, joined, validate_row

REPEATED_HEADER = "repeats the header"
"""Fault of a row that equals the header, as in the middle of files that `cat` has joined."""

_SEPARATOR_LINE = re.compile(rb'"?sep=([,;|\t])"?[\r\n]*', re.IGNORECASE)


class ColumnError(Exception):
    """A column to read or to keep is missing, does not hold text, occurs twice, or the input's format has none."""


class Header(NamedTuple):
    """The first row, which names the columns."""

    names: list[str]
    at: Sequence[int]
    """Index of each column that holds a part of the headlines, in the order of the parts."""
    separator: str
    lines: int
    """Number of lines that the header takes; 0 if there is none, and `names` are the columns' numbers."""
    size: int
    """Bytes."""


class Above(NamedTuple):
    """Blank lines and a line such as `sep=;` above a header."""

    lines: int
    size: int
    """Bytes."""


def read_header(
    lines: Iterator[Line], wanted: Sequence[str], separators: str, file: str
) -> tuple[Header, Iterator[Line]]:
    """Read the header with the first of `separators` that gives the columns `wanted`, which hold the headlines.

    Blank lines and a line such as `sep=;` above it count as part of it.

    Returns:
        The header, and the lines after it.

    Raises:
        ColumnError: no column has one of these names, or several have.
        InputError: the input, called `file` in messages, has no header.
    """

    def read(first: Iterator[Line], separator: str) -> Header:
        return _header(next(records(first, separator, None), None), wanted, separator, file)

    header, above, rest = with_separator(lines, separators, read, (ColumnError, InputError))
    return header._replace(lines=header.lines + above.lines, size=header.size + above.size), rest


def with_separator(
    lines: Iterator[Line],
    separators: str,
    read: Callable[[Iterator[Line], str], Header],
    errors: tuple[type[Exception], ...],
) -> tuple[Header, Above, Iterator[Line]]:
    """The header for the first separator with which it can be read; blank lines above it are skipped.

    Args:
        lines: the input.
        separators: those to try. A first line such as `sep=;`, which tells spreadsheets the separator, replaces them.
        read: reads the header from the first lines with a separator.
        errors: what it raises if that cannot be right. Of several, that of the separator that occurs most often in the
            first line is raised, because its message shows the columns as the file has them.

    Returns:
        The header, what is above it, and the lines after the header.
    """
    skipped, size, named = 0, 0, False
    seen: list[Line] = []
    for line in lines:
        separator_line = _SEPARATOR_LINE.fullmatch(line) if isinstance(line, bytes) and not named else None
        if separator_line is not None:
            separators, named = separator_line[1].decode(), True
        elif not isinstance(line, bytes) or line.strip():
            seen.append(line)
            break
        skipped, size = skipped + 1, size + len(line)

    def remember() -> Iterator[Line]:
        for line in lines:
            seen.append(line)
            yield line

    faults: dict[str, Exception] = {}
    for separator in separators:
        try:
            header = read(chain(seen[:], remember()), separator)
        except errors as error:
            faults[separator] = error
        else:
            return header, Above(skipped, size), chain(seen[header.lines :], lines)
    first = seen[0] if seen and isinstance(seen[0], bytes) else b""
    raise faults[max(separators, key=lambda separator: first.count(separator.encode()))]


def _header(record: Record | None, wanted: Sequence[str], separator: str, file: str) -> Header:
    if record is None:
        raise InputError(f"{file}: is empty; its first line should name the columns.")
    if record.fault is not None:
        raise InputError(f"{file}: its first line, which should name the columns, {record.fault}.")
    if not all(map(is_text, record.cells)):
        raise InputError(f"{file}: its first line, which should name the columns, {NOT_UTF_8}; {TO_UTF_8}.")
    names = list(record.cells)
    return Header(names, column_places(wanted, names, file), separator, record.lines, record.size)


def column_places(wanted: Sequence[str], names: Sequence[str], file: str, has: str = "the first line has") -> list[int]:
    """Indexes of the wanted columns; case is ignored for a name that none matches exactly.

    Args:
        wanted: names of columns.
        names: of all columns of the file.
        file: its name in messages.
        has: begins the list of all columns in a message.

    Raises:
        ColumnError: a column is not there, occurs twice, or is wanted twice.
    """
    places = [_place(name, names, file, has) for name in wanted]
    for place in places:
        if places.count(place) > 1:
            raise ColumnError(f"{file}: the column {names[place]!r} is named more than once; name it once")
    return places


def _place(name: str, names: Sequence[str], file: str, has: str) -> int:
    name = ignoring_case(name, names)
    if name not in names:
        listed = ", ".join(names)[:300] if any(names) else ""
        shown = listed if listed.isprintable() else ascii(listed)
        there = f"{shown}; choose one with --column" if listed else "nothing"
        raise ColumnError(f"{file}: there is no column {name!r}; {has}: {there}")
    if names.count(name) > 1:
        raise ColumnError(f"{file}: there are {names.count(name)} columns {name!r}; rename all but one")
    return names.index(name)


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
    first_at, *more_at = header.at
    width = len(header.names)
    names = list(map(_bare, header.names)) if header.lines else []
    name = names[first_at] if names else None
    for record in records(lines, header.separator, width, line):
        cells = record.cells
        if record.fault is not None:
            yield Row(record.line, "", record.fault)
        elif len(cells) != width:
            if cells:
                first = "the header" if header.lines else "the first line"
                count = f"{len(cells)} column{'' if len(cells) == 1 else 's'}, and {first} {width}"
                missing = [header.names[number] for number in header.at if len(cells) <= number]
                yield Row(record.line, "", f"has no column {missing[0]!r} ({count})" if missing else f"has {count}")
        elif _bare(cells[first_at]) == name and list(map(_bare, cells)) == names:
            yield Row(record.line, "", REPEATED_HEADER)
        else:
            kept = {called: cells[number] for number, called in keep} if keep else NO_COLUMNS
            headline = joined([cells[number] for number in header.at]) if more_at else cells[first_at]
            row = validate_row(record.line, headline, max_characters, kept)
            if keep and row.fault is None and not all(map(is_text, (cells[number] for number, _ in keep))):
                row = Row(record.line, "", NOT_UTF_8)
            if row.fault is not None and record.lines > 1:
                last = record.line + record.lines - 1
                row = Row(record.line, "", f"{row.fault} (the row ends on line {last})")
            yield row


def _bare(cell: str) -> str:
    """The cell without blanks around it, and without the byte order mark that may precede a header."""
    return cell.strip(" \t\ufeff")
