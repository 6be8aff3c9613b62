"""The command `python -m app classify`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

import click

from app.cli.bulk.command import classify_in_bulk
from app.cli.chunked_run import ChunkedRun
from app.cli.classify_help import HELP
from app.cli.classify_options import KEEP_ALL, ClassifyOptions
from app.cli.exit_status import ExitStatus, InputError
from app.cli.model_info import model_option
from app.cli.predictors import MAX_TOP_K, Predictor, load, local_predictor, settings_for
from app.cli.readers.csv_rows import ColumnError
from app.cli.readers.decoding import decoded, read_pieces
from app.cli.readers.input_format import DEFAULT_NAME, Table, input_format, read_table
from app.cli.readers.row import TO_UTF_8, RowOptions, rows_from, validate_row, without_empty
from app.cli.remote_predictor import remote_predictor
from app.cli.standard_streams import print_error
from app.cli.usage_errors import NonEmptyText, each_once
from app.cli.writers import OutputFormat, Writer
from app.cli.writers import columns as output_columns
from app.settings import Settings


@click.command(help=HELP)
@click.argument("headlines", nargs=-1, metavar="[HEADLINES]... | INPUT OUTPUT")
@click.option(
    "-f", "--file", "name", type=NonEmptyText(), metavar="FILE", help="Read headlines from a file; - is standard input."
)
@click.option(
    "--column",
    "columns",
    type=NonEmptyText(),
    multiple=True,
    callback=each_once,
    metavar="COLUMN",
    help=f"CSV or Parquet column that holds the headline; may be repeated.  [default: {DEFAULT_NAME}]",
)
@click.option(
    "--field",
    "fields",
    type=NonEmptyText(),
    multiple=True,
    callback=each_once,
    metavar="FIELD",
    help=f"JSON field that holds the headline; may be repeated.  [default: {DEFAULT_NAME}]",
)
@click.option(
    "--keep",
    type=NonEmptyText(),
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
    type=click.IntRange(1, MAX_TOP_K),
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
@model_option("model", "FOLDER|NAME", "; with --url, NAME or NAME/VERSION of one of the models of that service")
@click.option(
    "--url",
    type=NonEmptyText(),
    help="Send headlines to this service instead of loading a model; needs the package in client/.",
)
@click.option("--api-key", envvar="TOPICS_API_KEY", show_envvar=True, help="API key for the service at --url.")
@click.option(
    "--engine",
    type=click.Choice(["process", "ray"]),
    default="process",
    show_default=True,
    help="Run in this process, or on all cores with Ray.",
)
@click.option(
    "--address", type=NonEmptyText(), help="Address of a Ray cluster, such as auto.  [default: this machine only]"
)
def classify(**values: Any) -> None:  # noqa: ANN401 - those of ClassifyOptions
    """The command; its help text is HELP."""
    options = ClassifyOptions(**values)
    options.ensure_valid()
    settings = settings_for(options.model if options.url is None else None)
    run: ChunkedRun | None = None
    try:
        if options.engine == "ray":
            classify_in_bulk(options, settings)
            return
        file = None if options.name is None else _open(options.name)
        run = ChunkedRun(_predictor(options, settings))
        table = _table(options, settings, file, run.flush)
        writer = Writer(cast(OutputFormat, options.form), options.top_k, table.kept)
        run.run(table, writer, file, with_header=options.from_line is None)
    except ColumnError as error:
        raise click.UsageError(f"{error}.") from None
    except (KeyboardInterrupt, SystemExit) as stop:  # SystemExit: raised by the SIGTERM handler in __main__
        print_error(f"Stopped{run.progress() if run and options.name else ''}.")
        raise click.exceptions.Exit(
            ExitStatus.INTERRUPTED if isinstance(stop, KeyboardInterrupt) else ExitStatus.TERMINATED
        ) from None
    if run.bad:
        print_error(f"{run.bad:,} bad {'line' if run.bad == 1 else 'lines'}; {run.others}.")
        if options.name and run.is_other_encoding:
            print_error(f"To classify the lines that are not UTF-8, {TO_UTF_8}.")
        raise click.exceptions.Exit(ExitStatus.SOME_BAD)


def _predictor(options: ClassifyOptions, settings: Settings) -> Predictor:
    if options.url is None:
        return local_predictor(load(settings, options.top_k), options.top_k)
    return remote_predictor(
        options.url, options.api_key, options.top_k, None if options.model is None else str(options.model)
    )


def _table(options: ClassifyOptions, settings: Settings, file: BinaryIO | None, flush: Callable[[], None]) -> Table:
    """The headlines of the command line, or of the file; `flush` is called before a read that may wait."""
    if file is None or options.name is None:
        texts = enumerate(options.headlines, start=1)
        table = Table(iter([validate_row(number, text, settings.max_characters) for number, text in texts]), [])
    else:
        reading = RowOptions(
            names=options.headline_names,
            max_characters=settings.max_characters,
            keep=options.kept_names,
            result=output_columns(options.top_k),
        )
        form = input_format(options.name, options.columns, options.fields)
        table = read_table(decoded(read_pieces(file, options.name, flush), options.name), form, reading, options.name)
    if table.kept is None and options.form == "csv":
        raise click.UsageError(
            "--keep without names cannot write CSV from JSON, whose objects have different fields; name the fields."
        )
    if options.skip_empty:
        table = table._replace(rows=without_empty(table.rows))
    if options.from_line is not None:
        table = table._replace(rows=rows_from(table.rows, options.from_line))
    return table


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
