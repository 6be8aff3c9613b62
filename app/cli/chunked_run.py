"""A run of `classify` in this process: rows in chunks, with a progress bar and answers written at once."""

import os
import stat
import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import BinaryIO

import click

from app.cli.exit_status import InputError
from app.cli.predictors import CHUNK, Predictor, predict_rows
from app.cli.readers.input_format import Table
from app.cli.readers.row import NOT_UTF_8, Row
from app.cli.standard_streams import is_terminal, print_error, write
from app.cli.writers import Writer

MAX_SHOWN = 20
"""Maximum number of bad rows that are reported one by one on a terminal; a file or a pipe gets all of them."""


class ChunkedRun:
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
            if self.bad < MAX_SHOWN or not is_terminal(sys.stderr):
                print_error(f"line {line} {reason}")
            elif self.bad == MAX_SHOWN:
                print_error("Further bad lines are counted, but not shown; add 2> FILE to write all of them to a file.")
            self.is_other_encoding |= reason == NOT_UTF_8
            self.bad += 1

        def written() -> None:
            self._classified += len(result.classified)
            self._line = pending[-1].line

        write(self._writer.rows(result.classified), written)

    @property
    def others(self) -> str:
        """What became of the rows that are not bad, as a part of a sentence."""
        return "all others were classified" if self._classified else "none was classified"

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
