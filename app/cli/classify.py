"""python -m app classify."""

import os
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
from app.cli.predictors import CHUNK, Ask, ask_about, in_process, load, over_http, settings_for
from app.cli.readers.csv_rows import ColumnError
from app.cli.readers.decoding import decoded, read_pieces
from app.cli.readers.row import Row, checked
from app.cli.readers.rows import DEFAULT_NAME, Options, Table, column_names, form_of, read_table
from app.cli.standard_streams import is_terminal, say, write
from app.cli.writers import BulkFormat, Format, Writer, columns


@click.command(help=HELP)
@click.argument("headlines", nargs=-1, metavar="[HEADLINES]... | INPUT OUTPUT")
@click.option("-f", "--file", "name", metavar="FILE", help="Read headlines from a file; - is standard input.")
@click.option("--column", help=f"The input is CSV or Parquet; the column with the headline.  [default: {DEFAULT_NAME}]")
@click.option("--field", help=f"The input is JSON; the field with the headline.  [default: {DEFAULT_NAME}]")
@click.option(
    "--keep",
    multiple=True,
    is_flag=False,
    flag_value=KEEP_ALL,
    metavar="[COLUMNS]",
    help="Repeat other columns or fields of the input: those named, such as id,date, or all of them.",
)
@click.option("--format", "form", type=click.Choice(["jsonl", "csv", "parquet"]), default="jsonl", show_default=True)
@click.option("--top-k", type=click.IntRange(1, 46), default=1, show_default=True, help="How many topics a headline.")
@click.option("--model", type=click.Path(path_type=Path), help="Folder of a bundle.  [default: as TOPICS_MODEL says]")
@click.option("--url", help="Ask the service there, and load no model here; needs the package in client/.")
@click.option("--api-key", envvar="TOPICS_API_KEY", show_envvar=True, help="The key that the service wants.")
@click.option("--engine", type=click.Choice(["process", "ray"]), default="process", show_default=True)
@click.option("--address", help="With --engine ray: the cluster's, such as auto.  [default: this machine alone]")
def classify(
    *,
    headlines: tuple[str, ...],
    name: str | None,
    column: str | None,
    field: str | None,
    keep: tuple[str, ...],
    form: BulkFormat,
    top_k: int,
    model: Path | None,
    url: str | None,
    api_key: str | None,
    engine: Literal["process", "ray"],
    address: str | None,
) -> None:
    """The command; HELP tells users about it."""
    _ensure_used_rightly(headlines, name, column, field, keep, form, url, engine, address)
    settings = settings_for(model)
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
                settings=settings,
                address=address,
            )
            raise click.exceptions.Exit(ExitStatus.OK if all_good else ExitStatus.SOME_BAD)
        file = None if name is None else _open(name)
        run = _Run(over_http(url, api_key, top_k) if url is not None else in_process(load(settings), top_k))
        if file is None or name is None:
            rows = [checked(number, text, settings.max_characters) for number, text in enumerate(headlines, start=1)]
            table = Table(iter(rows), [])
        else:
            options = Options(
                name=column or field or DEFAULT_NAME,
                max_characters=settings.max_characters,
                keep=None if KEEP_ALL in keep else tuple(column_names(keep)),
                result=columns(top_k),
            )
            pieces = decoded(read_pieces(file, name, run.answer), name)
            table = read_table(pieces, form_of(name, column, field), options, name)
        if table.kept is None and form == "csv":
            raise click.UsageError("--keep without names makes no CSV of JSON, whose rows differ; name the fields.")
        run.all(table, Writer(cast(Format, form), top_k, table.kept), file)
    except ColumnError as error:
        raise click.UsageError(f"{error}.") from None
    except (KeyboardInterrupt, SystemExit) as stop:  # SystemExit: SIGTERM, by the handler in __main__
        say("Stopped.")
        raise click.exceptions.Exit(
            ExitStatus.INTERRUPTED if isinstance(stop, KeyboardInterrupt) else ExitStatus.TERMINATED
        ) from None
    if run.bad:
        say(f"{run.bad:,} bad {'line' if run.bad == 1 else 'lines'}; all others were answered.")
        raise click.exceptions.Exit(ExitStatus.SOME_BAD)


def _ensure_used_rightly(  # noqa: PLR0917
    headlines: tuple[str, ...],
    name: str | None,
    column: str | None,
    field: str | None,
    keep: tuple[str, ...],
    form: BulkFormat,
    url: str | None,
    engine: str,
    address: str | None,
) -> None:
    """Raise UsageError for options that do not go together."""
    if engine == "ray" and (len(headlines) != 2 or name is not None or url is not None or keep):
        raise click.UsageError("--engine ray takes INPUT and OUTPUT, and neither -f nor --url nor --keep.")
    if engine == "process" and (form == "parquet" or address is not None):
        raise click.UsageError("--format parquet and --address are for --engine ray.")
    if engine == "process" and bool(headlines) == (name is not None):
        raise click.UsageError("Give headlines, or -f FILE (- for standard input).")
    if column is not None and field is not None:
        raise click.UsageError("--column is for CSV and --field for JSON; give one of them.")
    if keep and name is None:
        raise click.UsageError("--keep is for the columns of a file.")


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


class _Run:
    """Rows in, answers out, CHUNK of them at a time, or as many as have come when no more are there yet."""

    def __init__(self, ask: Ask) -> None:
        self.bad = 0
        self._ask = ask
        self._held: list[Row] = []
        self._writer: Writer

    def all(self, table: Table, writer: Writer, file: BinaryIO | None) -> None:
        """Answer every row; where the input cannot be read to its end, those before."""
        self._writer = writer
        if head := writer.head():
            write(head)
        with closing(_watched(table.rows, file)) as rows:  # closed, so that the terminal gets its cursor back
            try:
                for row in rows:
                    self._held.append(row)
                    if len(self._held) == CHUNK:
                        self.answer()
            except InputError:
                self.answer()
                raise
        self.answer()

    def answer(self) -> None:
        """Answer the rows that are held."""
        if not self._held:
            return
        held, self._held = self._held, []
        asked = ask_about(held, self._ask)
        for line, reason in asked.bad:
            say(f"line {line} {reason}")
        self.bad += len(asked.bad)
        write(self._writer.rows(asked.answered))


def _watched(rows: Iterator[Row], file: BinaryIO | None) -> Generator[Row, None, None]:
    """The rows, with a progress bar on standard error if they come from a file and that is a terminal."""
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
    else:  # a pipe: nobody knows how long it will be
        with click.progressbar(rows, file=sys.stderr, show_pos=True, update_min_steps=CHUNK) as lines:
            yield from lines
