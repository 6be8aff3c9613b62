"""Reads texts without labels: plain lines, or the texts' column of CSV, TSV and JSON files."""

from collections.abc import Sequence
from pathlib import Path

from app.cli.exit_status import InputError
from app.cli.readers.csv_rows import ColumnError as AppColumnError
from app.cli.readers.decoding import decoded, read_pieces
from app.cli.readers.rows import Options, input_format, read_table
from training.errors import ColumnError, TableError
from training.labelled.read import MAX_ROWS, bounded
from training.labelled.rows import LabelledRow
from training.labelled.text_files import MAX_CHARACTERS


def read_unlabelled(files: Sequence[Path], text_column: str) -> tuple[list[LabelledRow], int]:
    """The texts as rows without labels, and how many rows are bad.

    Args:
        files: paths; a file whose name does not end with .csv, .tsv, .jsonl, .ndjson or .json has one text a line.
        text_column: column or field with the texts.

    Raises:
        ColumnError: a file does not have the column.
        TableError: a file cannot be read or is too large, or no file has a text.
    """
    rows: list[LabelledRow] = []
    bad = 0
    for path in files:
        name = str(path)
        if name.lower().removesuffix(".gz").endswith(".parquet"):
            raise TableError(f"{name}: texts to label are not read from Parquet; convert it to CSV or JSON Lines.")
        try:
            with path.open("rb") as stream:
                pieces = bounded(decoded(read_pieces(stream, name), name), name)
                options = Options(text_column, MAX_CHARACTERS)
                for row in read_table(pieces, input_format(name, None, None), options, name).rows:
                    if row.fault is not None:
                        bad += 1
                    elif len(rows) == MAX_ROWS:
                        raise TableError(f"{name}: there are more than {MAX_ROWS:,} rows; give a sample of the texts.")
                    else:
                        rows.append(LabelledRow(row.headline, (), name, row.line))
        except AppColumnError as error:
            raise ColumnError(
                f"{error}; texts to label must be in a column {text_column!r}, as in the training rows."
            ) from None
        except InputError as error:
            raise TableError(error.message) from None
        except OSError as error:
            raise TableError(f"{name}: cannot be read ({error.strerror or error}).") from None
    if not rows:
        raise TableError(f"{', '.join(map(str, files))}: there is no text to label; add texts.")
    return rows, bad
