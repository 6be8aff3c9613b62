"""Values of the options of `classify`, and which of them cannot be combined."""

import csv
import shlex
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

import click

from app.cli.readers.csv_rows import ColumnError
from app.cli.readers.input_format import DEFAULT_NAME
from app.cli.usage_errors import EMPTY
from app.cli.writers import BulkOutputFormat

KEEP_ALL = "*"
"""Value of --keep given without names: keep every column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifyOptions:
    """Values of the arguments and options, by the names that click passes them with."""

    headlines: tuple[str, ...]
    """With --engine ray, INPUT and OUTPUT."""
    name: str | None
    """The file of -f; `-` is standard input."""
    columns: tuple[str, ...]
    fields: tuple[str, ...]
    keep: tuple[str, ...]
    form: BulkOutputFormat
    top_k: int
    skip_empty: bool
    from_line: int | None
    model: Path | None
    url: str | None
    api_key: str | None
    engine: Literal["process", "ray"]
    address: str | None

    @property
    def headline_names(self) -> tuple[str, ...]:
        """The columns or fields that hold the headline."""
        return self.columns or self.fields or (DEFAULT_NAME,)

    @property
    def kept_names(self) -> tuple[str, ...] | None:
        """The columns or fields of --keep, each once; None: all.

        Raises:
            ColumnError: a value is not a row of CSV, such as `id,date`.
        """
        if KEEP_ALL in self.keep:
            return None
        try:
            rows = [next(csv.reader((value,), strict=True), []) for value in self.keep]
        except csv.Error as error:
            raise ColumnError(f"--keep takes names as CSV has them ({error})") from None
        return tuple(dict.fromkeys(chain.from_iterable(rows)))

    def ensure_valid(self) -> None:
        """Raise UsageError for options that cannot be combined."""
        in_process = self.engine == "process"
        if not in_process and (len(self.headlines) != 2 or self.name is not None or self.url is not None or self.keep):
            raise click.UsageError("--engine ray takes INPUT and OUTPUT, and neither -f nor --url nor --keep.")
        if not in_process and "" in self.headlines:
            raise click.UsageError(f"INPUT or OUTPUT: {EMPTY}")
        if in_process and (self.form == "parquet" or self.address is not None):
            raise click.UsageError("--format parquet and --address are for --engine ray.")
        if in_process and self.name is not None and self.name.lower().endswith(".parquet"):
            raise click.UsageError(
                f"{click.format_filename(self.name)} is a Parquet file; classify it with --engine ray INPUT OUTPUT."
            )
        if in_process and bool(self.headlines) == (self.name is not None):
            raise click.UsageError("Give headlines, or -f FILE (- for standard input).")
        if self.columns and self.fields:
            raise click.UsageError("--column is for CSV and --field for JSON; give one of them.")
        if self.keep and self.name is None:
            raise click.UsageError("--keep is for the columns of a file.")
        if self.from_line is not None and self.name is None:
            reason = "" if in_process else "; --engine ray continues by itself"
            raise click.UsageError(f"--from-line is for a file that -f names{reason}.")
        if in_process and len(self.headlines) == 1 and _is_file(self.headlines[0]):
            path = click.format_filename(self.headlines[0])
            raise click.UsageError(f"{path} is a file, not a headline; did you mean -f {shlex.quote(path)}?")


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # longer than a path can be, or with a null character
        return False
