"""Splits lines into CSV records. An unclosed quote makes only its own line bad; reading continues with the next line.

Where a row ends does not depend on earlier rows, so `--engine ray` can read parts of a file separately. A line begins a
new row unless it lies inside an earlier row that is quoted correctly and has as many columns as the header. In TSV,
which many programs write without quoting, a line that is not quoted correctly is read literally.
"""

import csv
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import NamedTuple

from app.cli.readers.lines import MAX_LINE_BYTES, TOO_LONG, Line, LongLine

MAX_ROW_LINES = 1000
"""Most lines of one row (and MAX_LINE_BYTES its most bytes); a quote still open after that is a fault."""

NOT_CLOSED = f"has a quote that is not closed properly within {MAX_ROW_LINES:,} lines"
MERGED_SEPARATORS = 4
"""Separators beyond those of one row from which a row of several lines is treated as merged rows; see `_is_merged`."""


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
