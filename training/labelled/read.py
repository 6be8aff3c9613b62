"""Reads labelled rows from CSV, TSV, JSON Lines and Parquet files, each optionally compressed with gzip."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from sys import getsizeof
from typing import Final

from app.cli.exit_status import InputError
from app.cli.readers.row import Row
from training.errors import ColumnError, TableError
from training.labelled.bad_rows import BadRows, too_many_bad
from training.labelled.cells import CellError, parse_labels, parse_time
from training.labelled.columns import Columns, RequestedColumns
from training.labelled.files.opening import open_file
from training.labelled.rows import LABEL, TIME, BadRow, LabelledRow, Table
from training.wording import enumerated

MAX_ROWS: Final = 5_000_000
"""Maximum number of rows of all files."""

MAX_TEXT_BYTES: Final = 2 * 1024**3
"""Maximum memory for the texts of all files. A text takes 50 to 80 bytes, and one to four more for each character."""
_MORE_TEXTS: Final = f"{MAX_TEXT_BYTES // 1024**3} GiB of texts in memory"

MAX_BAD_SHARE: Final = 0.05
"""Default of --most-bad."""

_EVERY_FILE: Final = (
    "Every file must have the columns of {}; rename the columns of this one or, if all files have columns with common"
    " names such as text and label, leave the options out."
)
_TIMES: Final = " If its rows have no times, use --test FILE instead of --time."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingOptions(RequestedColumns):
    """How files are read; the defaults are those without any option."""

    label_separator: str | None = None
    """Between several labels in one cell; None: a cell is one label. JSON and Parquet may have lists in any case."""
    outside: tuple[str, ...] = ()
    """Labels of texts about none of the labels; unless there are none, a row without a label is one."""
    no_header: bool = False
    """The first line of CSV and TSV is a row, and columns are numbers from 1."""
    most_bad: float = MAX_BAD_SHARE
    """Share of bad rows, 0 to 1, above which reading fails."""


def read_rows(files: Sequence[Path], options: ReadingOptions = ReadingOptions(), *, more_files: bool = False) -> Table:
    """Read labelled rows; bad rows are left out and counted.

    Args:
        files: paths that end with .csv, .tsv, .jsonl, .ndjson, .json or .parquet, each also with .gz.
        options: how to read them.
        more_files: whether the options apply to other files as well, which an error about columns then mentions.

    Raises:
        ColumnError: a column is not there, or not clear.
        TableError: a file cannot be read or is too large, or too many rows are bad.
    """
    rows: list[LabelledRow] = []
    size = 0
    bad_rows = BadRows()
    columns: list[Columns] = []
    found: set[str] = set()
    same: dict[tuple[str, ...], tuple[str, ...]] = {}  # rows with equal labels share one tuple
    for path in files:
        name = shown_name(path)
        with reading(name) as stack:
            try:
                file_columns, read = open_file(path, options, name, stack, header=not options.no_header)
            except ColumnError as error:
                advice = _every_file(options) if more_files or len(files) > 1 else ""
                raise ColumnError(f"{error}{advice}") from None
            columns.append(file_columns)
            for row in read:
                labelled = _labelled(row, file_columns, options, found)
                if isinstance(labelled, BadRow):
                    bad_rows.add(labelled)
                    continue
                size += getsizeof(labelled.text)
                ensure_room(len(rows), size, name, "rows")
                labels = same.setdefault(labelled.labels, labelled.labels)
                rows.append(labelled if labels is labelled.labels else replace(labelled, labels=labels))
    table = Table(rows, columns, bad_rows.reasons, bad_rows.first, found)
    if table.bad and (not rows or table.bad / (table.bad + len(rows)) > options.most_bad):
        raise TableError(too_many_bad(table, options.most_bad))
    if not rows:
        raise TableError(f"{', '.join(map(shown_name, files))}: there are names of columns, but no rows; add rows.")
    return table


@contextmanager
def reading(name: str) -> Iterator[ExitStack]:
    """A stack that closes what is opened to read the file `name`; raises TableError if it cannot be read."""
    with ExitStack() as stack:
        try:
            yield stack
        except InputError as error:
            raise TableError(error.message) from None
        except OSError as error:
            raise TableError(f"{name}: cannot be read ({error.strerror or error}).") from None


def ensure_room(rows: int, size: int, name: str, what: str) -> None:
    """Raise TableError if one more row than `rows`, or texts of `size` bytes, are too many; `what`: rows or texts."""
    if rows == MAX_ROWS or size > MAX_TEXT_BYTES:
        limit = f"{MAX_ROWS:,} rows" if rows == MAX_ROWS else _MORE_TEXTS
        raise TableError(f"{name}: there are more than {limit}; use a sample of the {what}.")


def shown_name(path: Path) -> str:
    r"""The path as text that can be written as UTF-8: bytes that are not UTF-8 become escapes such as `\xff`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _every_file(options: RequestedColumns) -> str:
    """What to do if one of several files lacks a column, after the sentence that says so; empty if none is given."""
    given = [f"--{name}" for name in ("text", "label", "time") if getattr(options, name) not in (None, ())]
    if not given:
        return ""
    return f" {_EVERY_FILE.format(enumerated(given))}{_TIMES if options.time is not None else ''}"


def _labelled(row: Row, columns: Columns, options: ReadingOptions, found: set[str]) -> LabelledRow | BadRow:
    name = columns.file
    try:
        if row.fault is not None:
            return BadRow(f"{name}:{row.line}", row.fault)
        labels = parse_labels(
            row.kept[LABEL], options.label_separator, options.outside, found, to_label=columns.to_label
        )
        time = parse_time(row.kept[TIME]) if TIME in row.kept else None
    except CellError as error:
        return BadRow(f"{name}:{row.line}", str(error))
    return LabelledRow(row.headline, labels, name, row.line, time)
