"""The command `python -m app classify`."""

import os
import shlex
import stat
import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Literal, cast

import click

from app.cli.bulk.command import classify_in_bulk
from app.cli.classify_help import HELP, KEEP_ALL
from app.cli.exit_status import ExitStatus, InputError
from app.cli.predictors import (
    CHUNK,
    MOST_TOPICS,
    Predictor,
    load,
    local_predictor,
    predict_rows,
    remote_predictor,
    settings_for,
)
from app.cli.readers.csv_rows import ColumnError
from app.cli.readers.decoding import decoded, read_pieces
from app.cli.readers.row import NOT_UTF_8, TO_UTF_8, Row, rows_from, validate_row, without_empty
from app.cli.readers.rows import DEFAULT_NAME, Options, Table, column_names, input_format, read_table
from app.cli.standard_streams import is_terminal, print_error, write
from app.cli.writers import BulkOutputFormat, OutputFormat, Writer, columns


@click.command(help=HELP)
@click.argument("headlines", nargs=-1, metavar="[HEADLINES]... | INPUT OUTPUT")
@click.option("-f", "--file", "name", metavar="FILE", help="Read headlines from a file; - is standard input.")
@click.option("--column", help=f"CSV or Parquet column that holds the headline.  [default: {DEFAULT_NAME}]")
@click.option("--field", help=f"JSON field that holds the headline.  [default: {DEFAULT_NAME}]")
@click.option(
    "--keep",
    multiple=True,
    is_flag=False,
    flag_value=KEEP_ALL,
    metavar="[COLUMNS]",
    help="Copy input columns or fields to the output: those named, such as id,date, or all.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "parquet"]),
    default="jsonl",
    show_default=True,
    help="Output format; parquet needs --engine ray.",
)
@click.option(
    "--top-k",
    type=click.IntRange(1, MOST_TOPICS),
    default=1,
    show_default=True,
    help="Topics per headline, at most as many as the model has.",
)
@click.option("--skip-empty", is_flag=True, help="Leave out lines without a headline instead of reporting them as bad.")
@click.option(
    "--from-line",
    metavar="LINE",
    type=click.IntRange(min=1),
    help="Continue an interrupted run: skip the lines before this one, and write no header.",
)
@click.option("--model", type=click.Path(path_type=Path), help="Folder of a bundle.  [default: TOPICS_MODEL]")
@click.option("--url", help="Send headlines to this service instead of loading a model; needs the package in client/.")
@click.option("--api-key", envvar="TOPICS_API_KEY", show_envvar=True, help="API key for the service at --url.")
@click.option(
    "--engine",
    type=click.Choice(["process", "ray"]),
    default="process",
    show_default=True,
    help="Run in this process, or on all cores with Ray.",
)
@click.option("--address", help="Address of a Ray cluster, such as auto.  [default: this machine only]")
def classify(
    *,
    headlines: tuple[str, ...],
    name: str | None,
    column: str | None,
    field: str | None,
    keep: tuple[str, ...],
    form: BulkOutputFormat,
    top_k: int,
    skip_empty: bool,
    from_line: int | None,
    model: Path | None,
    url: str | None,
    api_key: str | None,
    engine: Literal["process", "ray"],
    address: str | None,
) -> None:
    """The command; its help text is HELP."""
    _ensure_valid_options(headlines, name, column, field, keep, form, from_line, url, engine, address)
    settings = settings_for(model)
    run: _ChunkedRun | None = None
    try:
        if engine == "ray":
            source, target = headlines
            all_good = classify_in_bulk(
                source=source,
                target=target,
                column=column,
                field=field,
                form=form,
                top_k=top_k,
                skip_empty=skip_empty,
                settings=settings,
                address=address,
            )
            raise click.exceptions.Exit(ExitStatus.OK if all_good else ExitStatus.SOME_BAD)
        file = None if name is None else _open(name)
        if url is None:
            predict = local_predictor(load(settings, top_k), top_k)
        else:
            predict = remote_predictor(url, api_key, top_k)
        run = _ChunkedRun(predict)
        if file is None or name is None:
            rows = [
                validate_row(number, text, settings.max_characters) for number, text in enumerate(headlines, start=1)
            ]
            table = Table(iter(rows), [])
        else:
            options = Options(
                name=column or field or DEFAULT_NAME,
                max_characters=settings.max_characters,
                keep=None if KEEP_ALL in keep else tuple(column_names(keep)),
                result=columns(top_k),
            )
            pieces = decoded(read_pieces(file, name, run.flush), name)
            table = read_table(pieces, input_format(name, column, field), options, name)
        if table.kept is None and form == "csv":
            raise click.UsageError(
                "--keep without names cannot write CSV from JSON, whose objects have different fields; name the fields."
            )
        if skip_empty:
            table = table._replace(rows=without_empty(table.rows))
        if from_line is not None:
            table = table._replace(rows=rows_from(table.rows, from_line))
        run.run(table, Writer(cast(OutputFormat, form), top_k, table.kept), file, with_header=from_line is None)
    except ColumnError as error:
        raise click.UsageError(f"{error}.") from None
    except (KeyboardInterrupt, SystemExit) as stop:  # SystemExit: raised by the SIGTERM handler in __main__
        print_error(f"Stopped{run.progress() if run and name else ''}.")
        raise click.exceptions.Exit(
            ExitStatus.INTERRUPTED if isinstance(stop, KeyboardInterrupt) else ExitStatus.TERMINATED
        ) from None
    if run.bad:
        print_error(f"{run.bad:,} bad {'line' if run.bad == 1 else 'lines'}; all others were classified.")
        if name and run.is_other_encoding:
            print_error(f"To classify the lines that are not UTF-8, {TO_UTF_8}.")
        raise click.exceptions.Exit(ExitStatus.SOME_BAD)


def _ensure_valid_options(  # noqa: PLR0917
    headlines: tuple[str, ...],
    name: str | None,
    column: str | None,
    field: str | None,
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
    if engine == "process" and (form == "parquet" or address is not None):
        raise click.UsageError("--format parquet and --address are for --engine ray.")
    if engine == "process" and name is not None and name.lower().endswith(".parquet"):
        raise click.UsageError(
            f"{click.format_filename(name)} is a Parquet file; classify it with --engine ray INPUT OUTPUT."
        )
    if engine == "process" and bool(headlines) == (name is not None):
        raise click.UsageError("Give headlines, or -f FILE (- for standard input).")
    if column is not None and field is not None:
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


def _open(name: str) -> BinaryIO:
    """A file, or standard input for `-`; raises InputError."""
    if name == "-":
        if sys.stdin is None:
            raise InputError("Standard input is closed.")
        return sys.stdin.buffer
    try:
        return click.get_current_context().with_resource(Path(name).open("rb"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{click.format_filename(name)}: cannot be read ({reason}).") from None


class _ChunkedRun:
    """Classifies rows in chunks of CHUNK, or fewer when the input has no more yet, and writes each chunk at once."""

    def __init__(self, predict: Predictor) -> None:
        self.bad = 0
        self.is_other_encoding = False
        """Whether a row was bad because it is not UTF-8."""
        self._classified = self._line = 0
        self._predict = predict
        self._pending: list[Row] = []
        self._writer: Writer

    def run(self, table: Table, writer: Writer, file: BinaryIO | None, *, with_header: bool) -> None:
        """Classify every row; if the input cannot be read to its end, the rows before that point."""
        self._writer = writer
        if with_header and (header := writer.header()):
            write(header)
        with closing(_with_progress(table.rows, file)) as rows:  # closing it makes the terminal's cursor visible again
            try:
                for row in rows:
                    self._pending.append(row)
                    if len(self._pending) == CHUNK:
                        self.flush()
            except InputError:
                self.flush()
                raise
        self.flush()

    def flush(self) -> None:
        """Classify the pending rows, write their answers, and report bad rows on standard error."""
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        result = predict_rows(pending, self._predict)
        for line, reason in result.bad:
            print_error(f"line {line} {reason}")
            self.is_other_encoding |= reason == NOT_UTF_8
        self.bad += len(result.bad)

        def written() -> None:
            self._classified += len(result.classified)
            self._line = pending[-1].line

        write(self._writer.rows(result.classified), written)

    def progress(self) -> str:
        """How far it came, as the rest of a sentence that begins with `Stopped`."""
        if not self._line:
            return " before the first row was classified"
        rows = f"{self._classified:,} {'row' if self._classified == 1 else 'rows'} classified"
        more = f"to continue, repeat the command with --from-line {self._line + 1} and >>"
        return f" after line {self._line:,}, {rows}; {more}"


def _with_progress(rows: Iterator[Row], file: BinaryIO | None) -> Generator[Row, None, None]:
    """The rows, with a progress bar if they come from a file and standard error is a terminal."""
    if file is None or not is_terminal(sys.stderr):
        yield from rows
        return
    status = os.fstat(file.fileno())
    if stat.S_ISREG(status.st_mode):
        with click.progressbar(length=status.st_size, file=sys.stderr) as bytes_read:
            for number, row in enumerate(rows):
                yield row
                if number % CHUNK == 0:
                    bytes_read.update(file.tell() - bytes_read.pos)
            bytes_read.update(status.st_size - bytes_read.pos)
    else:  # a pipe, whose length is unknown
        with click.progressbar(rows, file=sys.stderr, show_pos=True, update_min_steps=CHUNK) as lines:
            yield from lines
