"""Reads labelled rows from CSV, TSV, JSON Lines and Parquet files, each optionally compressed with gzip."""

import os
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from sys import getsizeof
from typing import BinaryIO, Final

from app.cli.exit_status import InputError
from app.cli.readers.decoding import decoded, gunzipped, read_pieces
from app.cli.readers.row import ICONV, NOT_UTF_8, Row
from training.errors import TableError
from training.labelled.bad_rows import BadRows, counted
from training.labelled.cells import NO_LABEL, NOT_YET, CellError, parse_labels, parse_time
from training.labelled.columns import Columns, RequestedColumns
from training.labelled.rows import BadRow, LabelledRow, Table
from training.labelled.text_files import LABEL, TIME, OpenedFile, open_csv, open_json

MAX_ROWS: Final = 5_000_000
MAX_LINES: Final = 20_000_000
MAX_BYTES: Final = 4 * 1024**3
"""Maximum number of rows of all files, and of lines and decompressed bytes of one file (a gzip bomb has more)."""

MAX_TEXT_BYTES: Final = 2 * 1024**3
"""Maximum memory for the texts of all files. A text takes 50 to 80 bytes, and one to four more for each character."""
_MORE_TEXTS: Final = f"{MAX_TEXT_BYTES // 1024**3} GiB of texts in memory"

MAX_BAD_SHARE: Final = 0.05
"""Default of --most-bad: if a larger share of the rows is bad, 0 to 1, reading fails."""

_OTHER_ENCODING_SHARE: Final = 0.9
"""If this share of the bad rows is not UTF-8, 0 to 1, the files are probably in another encoding."""

_FORMATS: Final = ("csv", "tsv", "jsonl", "ndjson", "json", "parquet")
_SPREADSHEETS: Final = ("xlsx", "xls", "ods")


def read_rows(
    files: Sequence[Path],
    *,
    text_columns: Sequence[str] = (),
    label_column: str | None = None,
    label_separator: str | None = None,
    outside_labels: Collection[str] = (),
    time_column: str | None = None,
    header: bool = True,
    most_bad: float = MAX_BAD_SHARE,
) -> Table:
    """Read labelled rows; bad rows are left out and counted.

    Args:
        files: paths that end with .csv, .tsv, .jsonl, .ndjson, .json or .parquet, each also with .gz.
        text_columns: columns with the texts, which are joined as by `joined`; empty: the one with a usual name, such as
            `headline`.
        label_column: column with the labels; None: the one with a usual name, such as `category`.
        label_separator: between several labels in one cell; None: a cell is one label. JSON and Parquet may have
            lists of labels in any case.
        outside_labels: labels of texts about none of the labels; unless there are none, a row without a label is one.
        time_column: column with ISO 8601 times, years, or seconds since 1970.
        header: whether the first line of CSV and TSV names the columns; if not, columns are numbers from 1.
        most_bad: share of bad rows, 0 to 1, above which nothing is returned.

    Raises:
        ColumnError: a column is not there, or not clear.
        TableError: a file cannot be read or is too large, or too many rows are bad.
    """
    requested = RequestedColumns(tuple(text_columns), label_column, time_column)
    rows: list[LabelledRow] = []
    size = 0
    bad_rows = BadRows()
    columns: list[Columns] = []
    found: set[str] = set()
    same: dict[tuple[str, ...], tuple[str, ...]] = {}  # rows with equal labels share one tuple
    for path in files:
        name = shown_name(path)
        with reading(name) as stack:
            file_columns, read = _open(path, requested, header, name, stack)
            columns.append(file_columns)
            for row in read:
                labelled = _labelled(row, file_columns, label_separator, outside_labels, found)
                if isinstance(labelled, BadRow):
                    bad_rows.add(labelled)
                    continue
                size += getsizeof(labelled.text)
                ensure_room(len(rows), size, name, "rows")
                labels = same.setdefault(labelled.labels, labelled.labels)
                rows.append(labelled if labels is labelled.labels else replace(labelled, labels=labels))
    reasons, first_bad = bad_rows.reasons, bad_rows.first
    bad = sum(reasons.values())
    if bad and (not rows or bad / (bad + len(rows)) > most_bad):
        raise TableError(_too_many_bad(reasons, bad + len(rows), most_bad, first_bad))
    if not rows:
        raise TableError(f"{', '.join(map(shown_name, files))}: there are names of columns, but no rows; add rows.")
    return Table(rows, bad, first_bad, columns, reasons, found)


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


def _labelled(
    row: Row, columns: Columns, separator: str | None, outside: Collection[str], found: set[str]
) -> LabelledRow | BadRow:
    name = columns.file
    try:
        if row.fault is not None:
            return BadRow(f"{name}:{row.line}", row.fault)
        labels = parse_labels(row.kept[LABEL], separator, outside, found, to_label=columns.to_label)
        time = parse_time(row.kept[TIME]) if TIME in row.kept else None
    except CellError as error:
        return BadRow(f"{name}:{row.line}", str(error))
    return LabelledRow(row.headline, labels, name, row.line, time)


def _open(path: Path, requested: RequestedColumns, header: bool, name: str, stack: ExitStack) -> OpenedFile:
    ending = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    if ending not in _FORMATS:
        known = ", ".join(f".{known}" for known in _FORMATS)
        advice = "save the sheet as CSV UTF-8" if ending in _SPREADSHEETS else "rename or convert it"
        raise TableError(f"{name}: its name ends with none of {known} (each also with .gz); {advice}.")
    if ending == "parquet":
        from training.labelled.parquet.rows import open_parquet  # noqa: PLC0415 - pyarrow takes 100 MB, and only Parquet needs it

        return open_parquet(parquet_file(path, name, stack), requested, name)
    stream = stack.enter_context(path.open("rb"))
    if stream.peek(4).startswith(b"PAR1"):
        raise TableError(f"{name}: is a Parquet file; rename it so that its name ends with .parquet.")
    pieces = bounded(decoded(read_pieces(stream, name), name), name)
    if ending in ("csv", "tsv"):
        return open_csv(pieces, "csv" if ending == "csv" else "tsv", requested, header, name)
    return open_json(pieces, "json" if ending == "json" else "jsonl", requested, name)


def bounded(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The same pieces; raises TableError after MAX_BYTES or MAX_LINES."""
    size = lines = 0
    for piece in pieces:
        size += len(piece)
        lines += piece.count(b"\n")
        if size > MAX_BYTES:
            raise TableError(f"{name}: has more than {MAX_BYTES // 1024**3} GiB after decompression; split it.")
        if lines > MAX_LINES:
            raise TableError(f"{name}: has more than {MAX_LINES:,} lines; split it.")
        yield piece


def parquet_file(path: Path, name: str, stack: ExitStack) -> BinaryIO:
    """Open a Parquet file; one compressed with gzip is unpacked to a temporary file, because pyarrow must seek in it.

    Raises:
        InputError, OSError, TableError: it cannot be read or unpacked, or is too large.
    """
    stream = stack.enter_context(path.open("rb"))
    if not path.name.lower().endswith(".gz"):
        return stream
    file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
    for piece in bounded(gunzipped(read_pieces(stream, name), name), name):
        file.write(piece)
    file.seek(0)
    return file


def _too_many_bad(reasons: Mapping[str, int], count: int, max_share: float, first: Sequence[BadRow]) -> str:
    bad = sum(reasons.values())
    advice = {
        NOT_UTF_8: f"convert the files to UTF-8, such as with {ICONV}",
        NO_LABEL: "use --outside '' if such rows are about none of the labels",
        NOT_YET: "fill in the labels of the texts to label, and delete the rows that you leave empty",
    }.get(next(iter(reasons)), "correct them")
    if bad == 1:
        advice = advice.replace("correct them", "correct it")
    shown = "; ".join(f"{row.line} {row.why}" for row in first)
    why = counted(reasons)
    if bad == count:
        file = first[0].line.rpartition(":")[0]
        which = "the only row is" if bad == 1 else f"all {bad:,} rows are"
        return f"{file}: {which} bad ({why}); {advice}. The first of each reason: {shown}."
    allow = f", or allow more with --most-bad {-(-10 * bad // count) / 10:g}"
    if reasons.get(NOT_UTF_8, 0) >= _OTHER_ENCODING_SHARE * bad:
        allow = ""  # it would leave out the rows with letters beyond ASCII
    return (
        f"{bad:,} of {count:,} rows ({bad / count:.1%}) {'is' if bad == 1 else 'are'} bad, more than {max_share:.1%}"
        f" ({why}); {advice}{allow}. The first of each reason: {shown}."
    )
