"""Reads texts without labels: plain lines, or the columns of texts in CSV, TSV, JSON and Parquet files."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from sys import getsizeof

from app.cli.readers.csv_records import records
from app.cli.readers.csv_rows import ColumnError as AppColumnError
from app.cli.readers.csv_rows import Header, column_places, csv_rows, with_separator
from app.cli.readers.decoding import decoded, read_pieces
from app.cli.readers.input_format import SEPARATORS, input_format, name_ending, read_table
from app.cli.readers.lines import Line, split_lines
from app.cli.readers.row import Row, RowOptions
from training.errors import ColumnError, TableError
from training.labelled.files.opening import bounded, parquet_file
from training.labelled.read import ensure_room, reading, shown_name
from training.labelled.rows import MAX_CHARACTERS, LabelledRow
from training.wording import enumerated


def read_unlabelled(
    files: Sequence[Path], text_columns: Sequence[str], *, no_header: bool = False
) -> tuple[list[LabelledRow], int]:
    """The texts as rows without labels, and how many rows are bad.

    Args:
        files: paths; a file whose name does not end with .csv, .tsv, .jsonl, .ndjson, .json or .parquet has one text a
            line. Each may be compressed with gzip.
        text_columns: columns or fields with the texts, which are joined as by `joined`.
        no_header: the first line of CSV and TSV is a row, and columns are numbers from 1.

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
                for row in _open(path, text_columns, name, stack, no_header):
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
        advice = "correct the rows" if bad else "add texts"
        raise TableError(f"{', '.join(map(shown_name, files))}: there is no text to label{first_bad}; {advice}.")
    return rows, bad


def _open(path: Path, text_columns: Sequence[str], name: str, stack: ExitStack, no_header: bool) -> Iterator[Row]:
    if name_ending(name) == "parquet":
        from training.labelled.parquet.rows import open_texts  # noqa: PLC0415 - pyarrow takes 100 MB, and only Parquet needs it

        return open_texts(parquet_file(path, name, stack), text_columns, name)
    stream = stack.enter_context(path.open("rb"))
    pieces = bounded(decoded(read_pieces(stream, name), name), name)
    form = input_format(name, (), ())
    if no_header and form in SEPARATORS:
        return _rows_without_header(split_lines(pieces), SEPARATORS[form], text_columns, name)
    return read_table(pieces, form, RowOptions(text_columns, MAX_CHARACTERS), name).rows


def _rows_without_header(
    lines: Iterator[Line], separators: str, text_columns: Sequence[str], name: str
) -> Iterator[Row]:
    def read(first: Iterator[Line], separator: str) -> Header:
        record = next(records(first, separator, None), None)
        if record is None:
            raise TableError(f"{name}: is empty; add texts.")
        numbers = [str(number) for number in range(1, len(record.cells) + 1)]
        places = column_places(text_columns, numbers, name, "it has")
        return Header(numbers, places, separator, 0, 0)

    head, above, rest = with_separator(lines, separators, read, (AppColumnError, TableError))
    return csv_rows(rest, head, MAX_CHARACTERS, 1 + above.lines, [])
