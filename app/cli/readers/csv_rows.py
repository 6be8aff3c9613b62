"""CSV to rows. A quote that is not closed costs its own line: reading goes on with the next one.

Where a row ends depends on nothing before it, which lets --engine ray read the parts of a file apart: a line begins a
row unless a row that began before it, has the header's number of columns, and is closed properly, goes over it.
"""

import csv
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat
from typing import NamedTuple, TypeAlias

from app.cli.exit_status import InputError
from app.cli.readers.lines import MAX_LINE_BYTES, TOO_LONG, Line, LongLine
from app.cli.readers.row import NOTHING, Row, checked, is_text

MAX_ROW_LINES = 1000
"""A row may have so many lines, and MAX_LINE_BYTES; a quote that is open for longer counts as a fault."""

NOT_CLOSED = "has a quote that is not closed properly"
SWALLOWED = 4
"""Separators beyond a single row's from which a row of several lines is taken for several rows; see `_swallows`."""


class ColumnError(Exception):
    """The file has no such column, or not one of text, or several."""


Record: TypeAlias = tuple[int, Sequence[str], str | None, int, int]
"""Line where a row begins, cells, fault, lines, bytes; a blank line has no cells and no fault.

A row has several lines if a quoted cell holds line ends. A plain tuple, because there are millions.
"""


class Header(NamedTuple):
    """The first row, which names the columns."""

    names: list[str]
    at: int
    """The column with the headlines."""
    separator: str
    lines: int
    """How many it takes."""
    size: int
    """Bytes."""


def records(lines: Iterator[Line], separator: str, width: int | None, line: int = 1) -> Iterator[Record]:
    """The rows of some lines, of which the first is number `line`; `width`: the header's columns, None for the header.

    Rows on one line come as they are, whatever their width.
    """
    csv.field_size_limit(MAX_LINE_BYTES)
    again: deque[Line] = deque()  # lines that a row went over in vain

    def following() -> Line | None:
        return again.popleft() if again else next(lines, None)

    # One reader for all rows, given a line at a time: at a row's end it asks for none, else `pop` raises IndexError.
    current: list[str] = []
    reader = csv.reader(map(current.pop, repeat(-1)), delimiter=separator, strict=True)
    while (raw := again.popleft() if again else next(lines, None)) is not None:
        if isinstance(raw, LongLine):
            yield (line, (), TOO_LONG, 1, raw.size)
            line += 1
            continue
        text = raw.decode("utf-8", "surrogateescape")
        if '"' not in text:
            content = text.rstrip("\r\n")
            yield (line, content.split(separator) if content else (), None, 1, len(raw))
            line += 1
            continue
        cells: Sequence[str]
        try:
            current.append(text)
            cells = next(reader)
        except (csv.Error, IndexError):
            cells, fault, more = _read_on(raw, following, separator, width)
            if fault is None:
                yield (line, cells, None, 1 + len(more), len(raw) + sum(map(len, more)))
                line += 1 + len(more)
                continue
            again.extendleft(reversed(more))
            yield (line, (), fault, 1, len(raw))
        else:
            yield (line, cells, None, 1, len(raw))
        line += 1


def _read_on(
    first: bytes, following: Callable[[], Line | None], separator: str, width: int | None
) -> tuple[Sequence[str], str | None, list[Line]]:
    """Cells of a row that does not end on its first line, or its fault, and the lines that were read on."""
    more: list[Line] = []
    open_at_end = False

    def texts() -> Iterator[str]:
        nonlocal open_at_end
        yield first.decode("utf-8", "surrogateescape")
        open_at_end = True
        size = len(first)
        while len(more) < MAX_ROW_LINES and (raw := following()) is not None:
            more.append(raw)
            if isinstance(raw, LongLine) or (size := size + len(raw)) > MAX_LINE_BYTES:
                return
            yield raw.decode("utf-8", "surrogateescape")

    try:
        cells = next(csv.reader(texts(), delimiter=separator, strict=True))
    except csv.Error as error:
        return (), NOT_CLOSED if open_at_end else f"is not CSV ({error})", more
    # The same words for all of these: a part of the file, read on its own, may end before the quote does.
    if (width is not None and len(cells) != width) or _swallows([first, *more], separator, width):
        return (), NOT_CLOSED, more
    return cells, None, more


def _swallows(lines: Sequence[Line], separator: str, width: int | None) -> bool:
    """Whether a row of several lines is rather several rows, between two stray quotes.

    So it is taken if each of its lines has the separators of a whole row; a text that was quoted for its line ends
    would need exactly as many commas in every line. Two short lines may have them by chance, hence SWALLOWED.
    """
    if width is None or (width - 1) * (len(lines) - 1) < SWALLOWED:
        return False
    mark = separator.encode()
    return all(isinstance(line, bytes) and line.count(mark) == width - 1 for line in lines)


def read_header(lines: Iterator[Line], name: str, separators: str, file: str) -> tuple[Header, Iterator[Line]]:
    """The header, in which a column is called `name`, and the lines below; the first of `separators` that fits is it.

    Raises:
        ColumnError: no column has that name, or several have.
        InputError: the input, which messages call `file`, has no header.
    """
    seen: list[Line] = []

    def read() -> Iterator[Line]:
        for raw in lines:
            seen.append(raw)
            yield raw

    fault: ColumnError | InputError | None = None
    for separator in separators:
        again = chain(seen[:], read())
        try:
            header = _header(next(records(again, separator, None), None), name, separator, file)
        except (ColumnError, InputError) as error:
            fault = fault or error
        else:
            return header, chain(seen[header.lines :], lines)
    raise fault or AssertionError("no separators")


def _header(record: Record | None, name: str, separator: str, file: str) -> Header:
    if record is None:
        raise InputError(f"{file}: is empty; its first line should name the columns.")
    _, cells, fault, lines, size = record
    if fault is not None:
        raise InputError(f"{file}: its first line, which should name the columns, {fault}.")
    if not all(map(is_text, cells)):
        raise InputError(f"{file}: its first line, which should name the columns, is not UTF-8.")
    names = list(cells)
    if name not in names:
        there = ", ".join(names)[:300] or "nothing"
        there = there if there.isprintable() else ascii(there)
        raise ColumnError(f"{file}: there is no column {name!r}; the first line has: {there}")
    if names.count(name) > 1:
        raise ColumnError(f"{file}: there are {names.count(name)} columns {name!r}; rename all but one")
    return Header(names, names.index(name), separator, lines, size)


def csv_rows(
    lines: Iterator[Line], header: Header, max_characters: int, keep: Sequence[tuple[int, str]] = (), line: int = 1
) -> Iterator[Row]:
    """Rows below a header; `keep`: columns by number, and what the output calls them; blank lines are passed over."""
    at, width = header.at, len(header.names)
    for begin, cells, fault, several, _ in records(lines, header.separator, width, line):
        if fault is not None:
            yield Row(begin, "", fault)
        elif len(cells) != width:
            if cells:
                count = f"{len(cells)} column{'' if len(cells) == 1 else 's'}, and the header {width}"
                missing = f"has no column {header.names[at]!r} ({count})" if len(cells) <= at else f"has {count}"
                yield Row(begin, "", missing)
        else:
            kept = {called: cells[number] for number, called in keep} if keep else NOTHING
            row = checked(begin, cells[at], max_characters, kept)
            if keep and row.fault is None and not all(map(is_text, (cells[number] for number, _ in keep))):
                row = Row(begin, "", "is not UTF-8")
            if row.fault is not None and several > 1:
                row = Row(begin, "", f"{row.fault} (the row ends on line {begin + several - 1})")
            yield row
