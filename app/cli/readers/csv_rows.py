"""Reads rows from CSV. An unclosed quote makes only its own line bad; reading continues with the next line.

Where a row ends does not depend on earlier rows, so `--engine ray` can read parts of a file separately. A line begins a
new row unless it lies inside an earlier row that is quoted correctly and has as many columns as the header. In TSV,
which many programs write without quoting, a line that is not quoted correctly is read literally.
"""

import csv
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat
from typing import NamedTuple

from app.cli.exit_status import InputError
from app.cli.readers.lines import MAX_LINE_BYTES, TOO_LONG, Line, LongLine
from app.cli.readers.row import NO_COLUMNS, NOT_UTF_8, TO_UTF_8, Row, is_text, validate_row

MAX_ROW_LINES = 1000
"""Most lines of one row (and MAX_LINE_BYTES its most bytes); a quote still open after that is a fault."""

NOT_CLOSED = "has a quote that is not closed properly"
MERGED_SEPARATORS = 4
"""Separators beyond those of one row from which a row of several lines is treated as merged rows; see `_is_merged`."""


class ColumnError(Exception):
    """The headline column is missing, does not hold text, or its name occurs more than once."""


class Record(NamedTuple):
    """A CSV row; a blank line has no cells and no fault."""

    line: int
    """Line where the row begins."""
    cells: Sequence[str]
    fault: str | None
    lines: int
    """Number of lines: more than 1 if a quoted cell holds line ends."""
    size: int
    """Bytes."""


REPEATED_HEADER = "repeats the header"
"""Fault of a row that equals the header, as in the middle of files that `cat` has joined."""


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


def records(lines: Iterator[Line], separator: str, width: int | None, line: int = 1) -> Iterator[Record]:
    """Split lines into rows.

    Args:
        lines: the input.
        separator: between cells.
        width: number of columns of the header; None while the header itself is read. A row of several lines must have
            this width; rows on one line may have any.
        line: number of the first line.
    """
    csv.field_size_limit(MAX_LINE_BYTES)
    again: deque[Line] = deque()  # lines to read again: they were tried as part of a row that turned out bad

    def following() -> Line | None:
        return again.popleft() if again else next(lines, None)

    # One csv.reader for all rows, because making one per row is slow. It gets one line at a time: if the row is not
    # complete with it, the reader needs another line and `pop` raises IndexError.
    current: list[str] = []
    reader = csv.reader(map(current.pop, repeat(-1)), delimiter=separator, strict=True)
    while (raw := again.popleft() if again else next(lines, None)) is not None:
        if isinstance(raw, LongLine):
            yield Record(line, (), TOO_LONG, 1, raw.size)
            line += 1
            continue
        text = raw.decode("utf-8", "surrogateescape")
        if '"' not in text:
            content = text.rstrip("\r\n")
            yield Record(line, content.split(separator) if content else (), None, 1, len(raw))
            line += 1
            continue
        cells: Sequence[str]
        try:
            current.append(text)
            cells = next(reader)
        except (csv.Error, IndexError):
            cells, fault, more = _read_on(raw, following, separator, width)
            if fault is None:
                yield Record(line, cells, None, 1 + len(more), len(raw) + sum(map(len, more)))
                line += 1 + len(more)
                continue
            again.extendleft(reversed(more))
            literal = text.rstrip("\r\n").split(separator) if separator == "\t" else []
            if len(literal) == width or (literal and width is None):
                cells, fault = literal, None
            yield Record(line, cells, fault, 1, len(raw))
        else:
            yield Record(line, cells, None, 1, len(raw))
        line += 1


def _read_on(
    first: bytes, following: Callable[[], Line | None], separator: str, width: int | None
) -> tuple[Sequence[str], str | None, list[Line]]:
    """Cells of a row that continues after its first line, or its fault, and the further lines that were read."""
    more: list[Line] = []
    open_at_end = False

    def texts() -> Iterator[str]:
        nonlocal open_at_end
        yield first.decode("utf-8", "surrogateescape")
        open_at_end = True
        size, closed = len(first), 0
        mark = separator.encode()
        # With as many cells closed, the row has more than `width`. If it were read on, each line of a file could open a
        # quote that is not closed in the next 1,000 lines, and each would be read 1,000 times.
        while (width is None or closed < width) and len(more) < MAX_ROW_LINES and (raw := following()) is not None:
            more.append(raw)
            if isinstance(raw, LongLine) or (size := size + len(raw)) > MAX_LINE_BYTES:
                return
            yield raw.decode("utf-8", "surrogateescape")
            closed += _closed_cells(raw, mark)

    try:
        cells = next(csv.reader(texts(), delimiter=separator, strict=True))
    except csv.Error as error:
        return (), NOT_CLOSED if open_at_end else f"is not CSV ({error})", more
    # One message for all these cases: a shard may end before the quote does, and must report what the whole file would.
    if (width is not None and len(cells) != width) or _is_merged([first, *more], separator, width):
        return (), NOT_CLOSED, more
    return cells, None, more


def _closed_cells(line: bytes, separator: bytes) -> int:
    """How many cells end in a line that begins and ends inside a quoted cell, or fewer."""
    outside = line.replace(b'""', b"").split(b'"')[1::2]
    if all(part.startswith(separator) and part.endswith(separator) for part in outside):
        return b"".join(outside).count(separator)
    return 1  # a cell without quotes around it has one inside, so the parts are others


def _is_merged(lines: Sequence[Line], separator: str, width: int | None) -> bool:
    """Whether a row of several lines is probably several rows merged by two stray quotes.

    It is if every line has the separators of a whole row: a quoted text with line ends would need exactly that many
    in each of its lines. Two lines of few columns may have them by chance, hence MERGED_SEPARATORS; but not tabs.
    """
    if width is None or width == 1 or ((width - 1) * (len(lines) - 1) < MERGED_SEPARATORS and separator != "\t"):
        return False
    mark = separator.encode()
    return all(isinstance(line, bytes) and line.count(mark) == width - 1 for line in lines)


def read_header(lines: Iterator[Line], name: str, separators: str, file: str) -> tuple[Header, Iterator[Line]]:
    """Read the header with the first of `separators` that gives a column called `name`.

    Returns:
        The header, and the lines after it.

    Raises:
        ColumnError: no column has that name, or several have.
        InputError: the input, called `file` in messages, has no header.
    """
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
            return header, chain(seen[header.lines :], lines)
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
