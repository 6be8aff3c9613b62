"""Options of `classify` that cannot be combined."""

import shlex
from pathlib import Path

import click

from app.cli.usage_errors import EMPTY
from app.cli.writers import BulkOutputFormat


def ensure_valid_options(  # noqa: PLR0917
    headlines: tuple[str, ...],
    name: str | None,
    columns: tuple[str, ...],
    fields: tuple[str, ...],
    keep: tuple[str, ...],
    form: BulkOutputFormat,
    from_line: int | None,
    url: str | None,
    engine: str,
    address: str | None,
) -> None:
    """Raise UsageError for options that cannot be combined."""
    if engine == "ray" and (len(headlines) != 2 or name is not None or url is not None or keep):
        raise click.UsageError("--engine ray takes INPUT and OUTPUT, and neither -f nor --url nor --keep.")
    if engine == "ray" and "" in headlines:
        raise click.UsageError(f"INPUT or OUTPUT: {EMPTY}")
    if engine == "process" and (form == "parquet" or address is not None):
        raise click.UsageError("--format parquet and --address are for --engine ray.")
    if engine == "process" and name is not None and name.lower().endswith(".parquet"):
        raise click.UsageError(
            f"{click.format_filename(name)} is a Parquet file; classify it with --engine ray INPUT OUTPUT."
        )
    if engine == "process" and bool(headlines) == (name is not None):
        raise click.UsageError("Give headlines, or -f FILE (- for standard input).")
    if columns and fields:
        raise click.UsageError("--column is for CSV and --field for JSON; give one of them.")
    if keep and name is None:
        raise click.UsageError("--keep is for the columns of a file.")
    if from_line is not None and name is None:
        reason = "; --engine ray continues by itself" if engine == "ray" else ""
        raise click.UsageError(f"--from-line is for a file that -f names{reason}.")
    if engine == "process" and len(headlines) == 1 and _is_file(headlines[0]):
        path = click.format_filename(headlines[0])
        raise click.UsageError(f"{path} is a file, not a headline; did you mean -f {shlex.quote(path)}?")


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # longer than a path can be, or with a null character
        return False
