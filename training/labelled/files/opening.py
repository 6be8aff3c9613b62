"""Opens a file of labelled rows in the format that its name ends with."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final

from app.cli.readers.decoding import decoded, gunzipped, read_pieces
from app.cli.readers.input_format import ENDINGS, name_ending
from training.errors import TableError
from training.labelled.columns import RequestedColumns
from training.labelled.files.csv_rows import open_csv
from training.labelled.files.exports import FASTTEXT, FASTTEXT_ROW, command
from training.labelled.files.json_rows import open_json
from training.labelled.rows import OpenedFile

MAX_LINES: Final = 20_000_000
MAX_BYTES: Final = 4 * 1024**3
"""Maximum number of lines and decompressed bytes of a file (a gzip bomb has more)."""

_SPREADSHEETS: Final = ("xlsx", "xls", "ods")
_HEAD_BYTES: Final = 16
"""Bytes of a file that show if it has another format than its name says."""


def open_file(path: Path, requested: RequestedColumns, name: str, stack: ExitStack, *, header: bool) -> OpenedFile:
    """Open a file in the format that its name ends with.

    Args:
        path: the file.
        requested: the columns to read.
        name: of the file in messages.
        stack: closes what is opened.
        header: whether the first line of CSV and TSV names the columns.

    Raises:
        ColumnError: the columns are not there or not clear.
        InputError, OSError, TableError: it cannot be read, is too large, or has to be converted.
    """
    ending = name_ending(path.name)
    if ending == "parquet":
        from training.labelled.parquet.rows import open_parquet  # noqa: PLC0415 - pyarrow takes 100 MB, and only Parquet needs it

        return open_parquet(parquet_file(path, name, stack), requested, name)
    stream = stack.enter_context(path.open("rb"))
    _ensure_readable(stream.peek(_HEAD_BYTES), ending, name)
    pieces = bounded(decoded(read_pieces(stream, name), name), name)
    match ENDINGS[ending]:
        case "csv" | "tsv" as form:
            return open_csv(pieces, form, requested, header, name)
        case "json" | "jsonl" as form:
            return open_json(pieces, form, requested, name)


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


def _ensure_readable(head: bytes, ending: str, name: str) -> None:
    """Raise TableError if a file has another format than its name says, by its first bytes, or none that is known."""
    if head.startswith(b"PAR1"):
        raise TableError(f"{name}: is a Parquet file; rename it so that its name ends with .parquet.")
    if head.startswith(FASTTEXT.encode()):
        convert = command(FASTTEXT_ROW, name, lines=True)
        raise TableError(f"{name}: has the format of fastText; convert it with {convert}.")
    if ending in ENDINGS:
        return
    known = ", ".join(f".{known}" for known in (*ENDINGS, "parquet"))
    advice = (
        "if tabs separate its columns, rename it to end with .tsv, if commas or semicolons, .csv; otherwise convert it"
    )
    if ending in _SPREADSHEETS:
        advice = "save the sheet as CSV UTF-8"
    raise TableError(f"{name}: its name ends with none of {known} (each also with .gz); {advice}.")
