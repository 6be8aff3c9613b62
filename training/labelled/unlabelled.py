"""Reads texts without labels: plain lines, or the columns of texts in CSV, TSV, JSON and Parquet files."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from sys import getsizeof

from app.cli.readers.csv_rows import ColumnError as AppColumnError
from app.cli.readers.decoding import decoded, read_pieces
from app.cli.readers.input_format import input_format, name_ending, read_table
from app.cli.readers.row import Row, RowOptions
from training.errors import ColumnError, TableError
from training.labelled.files.opening import bounded, parquet_file
from training.labelled.read import ensure_room, reading, shown_name
from training.labelled.rows import MAX_CHARACTERS, LabelledRow
from training.wording import enumerated


def read_unlabelled(files: Sequence[Path], text_columns: Sequence[str]) -> tuple[list[LabelledRow], int]:
    """The texts as rows without labels, and how many rows are bad.

    Args:
        files: paths; a file whose name does not end with .csv, .tsv, .jsonl, .ndjson, .json or .parquet has one text a
            line. Each may be compressed with gzip.
        text_columns: columns or fields with the texts, which are joined as by `joined`.

    Raises:
        ColumnError: a file does not have one of the columns.
        TableError: a file cannot be read or is too large, or no file has a text.
    """
    rows: list[LabelledRow] = []
    bad = size = 0
    first_bad = ""
    for path in files:
        name = shown_name(path)
        with reading(name) as stack:
            try:
                for row in _open(path, text_columns, name, stack):
                    if row.fault is not None:
                        bad += 1
                        first_bad = first_bad or f" (the first bad row: {name}:{row.line} {row.fault})"
                        continue
                    size += getsizeof(row.headline)
                    ensure_room(len(rows), size, name, "texts")
                    rows.append(LabelledRow(row.headline, (), name, row.line))
            except (AppColumnError, ColumnError) as error:
                # --column is an option of `classify`, which has the same readers.
                what = str(error).removesuffix(".").removesuffix("; choose one with --column")
                where = (
                    f"{'a column' if len(text_columns) == 1 else 'columns'} {enumerated([*map(repr, text_columns)])}"
                )
                raise ColumnError(f"{what}; texts to label must be in {where}, as in the training rows.") from None
    if not rows:
        raise TableError(f"{', '.join(map(shown_name, files))}: there is no text to label{first_bad}; add texts.")
    return rows, bad


def _open(path: Path, text_columns: Sequence[str], name: str, stack: ExitStack) -> Iterator[Row]:
    if name_ending(name) == "parquet":
        from training.labelled.parquet.rows import open_texts  # noqa: PLC0415 - pyarrow takes 100 MB, and only Parquet needs it

        return open_texts(parquet_file(path, name, stack), text_columns, name)
    stream = stack.enter_context(path.open("rb"))
    pieces = bounded(decoded(read_pieces(stream, name), name), name)
    return read_table(pieces, input_format(name, (), ()), RowOptions(text_columns, MAX_CHARACTERS), name).rows
