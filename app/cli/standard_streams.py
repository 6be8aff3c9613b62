"""Standard output and standard error, either of which may be closed, full, or a pipe without a reader."""

import os
import sys
from typing import TextIO

import click

from app.cli.exit_status import ExitStatus, OutputError


def open_closed() -> None:
    """Open what was closed when the program started, so that no file gets its number and what was meant for it."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w")  # `sys.stdout` stays None: `write` has to know


def write(data: bytes) -> None:
    """Write to standard output, and flush, so that the reader of a pipe waits for nothing.

    Raises:
        OutputError: it is closed, or its disk is full.
        click.exceptions.Exit: its reader has gone, which is no error of this program.
    """
    if sys.stdout is None:
        raise OutputError("Standard output is closed.")
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        discard(sys.stdout)
        raise click.exceptions.Exit(ExitStatus.PIPE_CLOSED) from None
    except OSError as error:
        discard(sys.stdout)
        raise OutputError(f"Standard output cannot be written ({error.strerror}).") from None


def say(message: str) -> None:
    """Write a line to standard error, over the progress bar if there is one; lost if it cannot be written."""
    try:
        click.echo(f"\r\x1b[K{message}" if is_terminal(sys.stderr) else message, err=True)
    except OSError:
        discard(sys.stderr)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person looks at it; Python has None for a stream that was closed when it started."""
    return stream is not None and stream.isatty()


def discard(stream: TextIO | None) -> None:
    """Let what is written from now on, and what is still buffered, disappear.

    Python flushes both streams when it exits; if that fails it reports so, and the exit status becomes 120.
    """
    if stream is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
