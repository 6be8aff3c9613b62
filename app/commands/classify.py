"""python -m app classify."""

import os
import stat
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Literal, cast

import click

from app.commands.asking import CHUNK, Ask, NoAnswerError, ask_all, in_process, load, over_http, settings_for
from app.commands.bulk.command import classify_in_bulk
from app.commands.reading import DEFAULT_NAME, ColumnError, Row, form_of, read_rows
from app.commands.writing import BulkFormat, Format, Writer

SOME_BAD = 1
INTERRUPTED = 130
PIPE_CLOSED = 141
"""128 + SIGINT and 128 + SIGPIPE, as shells have it."""

HELP = """Say what headlines are about: one row for each, in JSON Lines or CSV.

\b
  python -m app classify "Oil prices rise as OPEC cuts output"
  python -m app classify -f headlines.txt > topics.jsonl
  python -m app classify -f news.csv --column title --format csv --top-k 3
  zcat news.jsonl.gz | python -m app classify -f - --field headline

  python -m app classify --engine ray news/ topics/ --format parquet

A row has the line of the input, the headline, the most probable topic with its name and probability, and why the
model abstains, if it does: a headline without one known word gets no topic. --top-k adds topic_2, probability_2, ...

Lines that cannot be read are reported by number on standard error, and the rest is done.

--engine ray uses all cores of this machine, or of the cluster at --address: INPUT is a file or a folder of Parquet,
CSV, JSON Lines or text, OUTPUT a folder. A rerun does what is left. docs/ray.md tells more.

\b
Exit status:
  0    every headline was answered
  1    some lines were bad; all others were answered
  2    the command was used wrongly
  3    nothing more can be answered: no model, or no service at --url
  130  stopped by Ctrl-C        141  the reader of the output has gone
"""


@click.command(help=HELP)
@click.argument("headlines", nargs=-1, metavar="[HEADLINES]... | INPUT OUTPUT")
@click.option("-f", "--file", type=click.File("rb"), help="Read headlines from a file; - is standard input.")
@click.option("--column", help=f"The input is CSV or Parquet; the column with the headline.  [default: {DEFAULT_NAME}]")
@click.option("--field", help=f"The input is JSON Lines; the field with it.  [default: {DEFAULT_NAME}]")
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
    file: BinaryIO | None,
    column: str | None,
    field: str | None,
    form: BulkFormat,
    top_k: int,
    model: Path | None,
    url: str | None,
    api_key: str | None,
    engine: Literal["process", "ray"],
    address: str | None,
) -> None:
    """The command; HELP tells users about it."""
    if engine == "ray" and (len(headlines) != 2 or file is not None or url is not None):
        raise click.UsageError("--engine ray takes INPUT and OUTPUT, and neither -f nor --url.")
    if engine == "process" and (form == "parquet" or address is not None):
        raise click.UsageError("--format parquet and --address are for --engine ray.")
    if engine == "process" and bool(headlines) == (file is not None):
        raise click.UsageError("Give headlines, or -f FILE (- for standard input).")
    if column is not None and field is not None:
        raise click.UsageError("--column is for CSV and --field for JSON Lines; give one of them.")
    try:
        settings = settings_for(model)
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
            raise click.exceptions.Exit(0 if all_good else SOME_BAD)
        ask = over_http(url, api_key, top_k) if url else in_process(load(settings), top_k)
        read: Iterable[Row]
        if file is None:
            read = [Row(number, text) for number, text in enumerate(headlines, start=1)]
        else:
            name = column or field or DEFAULT_NAME
            read = read_rows(file, form_of(file.name, column, field), name, settings.max_characters)
        with closing(_watched(read, file)) as rows:  # closed, so that the terminal gets its cursor back
            bad = _run(rows, ask, Writer(cast(Format, form), top_k))
    except ColumnError as error:
        raise click.UsageError(f"{error}.") from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the flush at exit may not complain either
        raise click.exceptions.Exit(PIPE_CLOSED) from None
    except OSError as error:
        raise NoAnswerError(f"Cannot go on: {error}.") from None
    except KeyboardInterrupt:
        _say("Stopped.")
        raise click.exceptions.Exit(INTERRUPTED) from None
    if bad:
        _say(f"{bad:,} bad {'line' if bad == 1 else 'lines'}; all others were answered.")
        raise click.exceptions.Exit(SOME_BAD)


def _run(rows: Iterator[Row], ask: Ask, writer: Writer) -> int:
    """Read, ask and write, chunk by chunk; how many rows were bad."""
    out = sys.stdout.buffer
    out.write(writer.head())
    bad = 0
    for asked in ask_all(rows, ask):
        for line, reason in asked.bad:
            _say(f"line {line} {reason}")
        bad += len(asked.bad)
        out.write(writer.rows(asked.answered))
    out.flush()
    return bad


def _say(message: str) -> None:
    """A line on standard error, where the progress bar may be."""
    click.echo(f"\r\x1b[K{message}" if sys.stderr.isatty() else message, err=True)


def _watched(rows: Iterable[Row], file: BinaryIO | None) -> Generator[Row, None, None]:
    """The rows, with a progress bar on standard error if they come from a file and that is a terminal."""
    if file is None or not sys.stderr.isatty():
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
