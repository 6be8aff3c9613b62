"""Headlines out of a stream of bytes: plain lines, CSV or JSON Lines; a line at a time, however long the stream."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, Literal, NamedTuple

from pydantic_core import from_json

Form = Literal["lines", "csv", "jsonl"]

MAX_LINE_BYTES = 1024 * 1024
"""A longer line is a bad line, read over without being kept."""

_TOO_LONG = f"has more than {MAX_LINE_BYTES} bytes"

DEFAULT_NAME = "headline"


class Row(NamedTuple):
    """A headline, or why there is none, and the line of the input where it begins."""

    line: int
    headline: str
    fault: str | None = None


class ColumnError(Exception):
    """The file has no such column, or not one of text."""


def form_of(name: str, column: str | None, field: str | None) -> Form:
    """What a file holds: as the options say, else as its name ends, else plain lines."""
    ending = name.lower().rpartition(".")[2]
    if column is not None or (field is None and ending == "csv"):
        return "csv"
    return "jsonl" if field is not None or ending in ("jsonl", "ndjson") else "lines"


def read_rows(
    stream: BinaryIO, form: Form, name: str, max_characters: int, *, from_start: bool = True
) -> Iterator[Row]:
    """The rows of a stream, faulty ones included; `name` is the column or field that holds the headline.

    `from_start`: the stream is a file from its start, where a byte order mark means nothing.

    Raises:
        ColumnError: the header of a CSV file does not have the column.
    """
    if form == "csv":
        rows = _csv_rows(stream, name)
    else:
        rows = _rows(_lines(stream, from_start), (lambda raw: _field(raw, name)) if form == "jsonl" else _text)
    yield from checked(rows, max_characters)


def checked(rows: Iterable[Row], max_characters: int) -> Iterator[Row]:
    """The same rows, where an empty or too long headline is a fault."""
    for row in rows:
        if row.fault is None and not row.headline.strip():
            yield Row(row.line, "", "is empty")
        elif len(row.headline) > max_characters:
            yield Row(row.line, "", f"has {len(row.headline):,} characters, more than {max_characters:,}")
        else:
            yield row


def _rows(lines: Iterator[bytes | None], headline: Callable[[bytes], str]) -> Iterator[Row]:
    for number, raw in enumerate(lines, start=1):
        if raw is None:
            yield Row(number, "", _TOO_LONG)
            continue
        try:
            yield Row(number, headline(raw))
        except UnicodeDecodeError:
            yield Row(number, "", "is not UTF-8")
        except ValueError as error:
            yield Row(number, "", str(error))


def _text(raw: bytes) -> str:
    return raw.decode().rstrip("\r\n")


def _field(raw: bytes, name: str) -> str:
    try:
        value = from_json(raw)
    except ValueError as error:
        raise ValueError(f"is not JSON ({error})") from None
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004 - a bad line, not a bug
    headline = value.get(name)
    if not isinstance(headline, str):
        raise ValueError(f"has no text in its field {name!r}")  # noqa: TRY004
    return headline


def _csv_rows(stream: BinaryIO, name: str) -> Iterator[Row]:
    reader = csv.reader(csv_lines(stream), strict=True)
    at = find_column(next(reader, []), name)
    while True:
        begin = reader.line_num + 1  # a quoted cell may hold line ends
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(begin, "", f"is not CSV ({error})")
            continue
        if not row:
            continue  # a blank line, which CSV readers skip
        if row == [_TOO_LONG]:
            yield Row(begin, "", _TOO_LONG)
        elif len(row) <= at:
            yield Row(begin, "", f"has no column {name!r}")
        elif not row[at].isascii() and not _is_text(row[at]):
            yield Row(begin, "", "is not UTF-8")
        else:
            yield Row(begin, row[at])


def csv_lines(stream: BinaryIO, *, from_start: bool = True) -> Iterator[str]:
    """What the CSV reader reads; `from_start` as `read_rows` has it."""
    # What is not UTF-8 is let through, so that a bad cell costs its row only, and found in the headline's cell.
    return (_TOO_LONG if raw is None else raw.decode("utf-8", "surrogateescape") for raw in _lines(stream, from_start))


def find_column(header: Sequence[str], name: str) -> int:
    """Which column has the headline; raises ColumnError if none has that name."""
    if name not in header:
        raise ColumnError(f"there is no column {name!r}; the first line has: {', '.join(header)[:300] or 'nothing'}")
    return header.index(name)


def _is_text(cell: str) -> bool:
    try:
        cell.encode()
    except UnicodeEncodeError:
        return False
    return True


def _lines(stream: BinaryIO, from_start: bool) -> Iterator[bytes | None]:
    """Each line with its end; None for one that is too long. A byte order mark at the start is dropped."""
    raw = stream.readline(MAX_LINE_BYTES).removeprefix(b"\xef\xbb\xbf" if from_start else b"")
    while raw:
        if len(raw) >= MAX_LINE_BYTES and not raw.endswith(b"\n"):
            while raw and not raw.endswith(b"\n"):
                raw = stream.readline(MAX_LINE_BYTES)
            yield None
        else:
            yield raw
        raw = stream.readline(MAX_LINE_BYTES)
