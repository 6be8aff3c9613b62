"""Writes to standard output and standard error, which may be closed, full, or a pipe without a reader."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

import click

from app.cli.exit_status import ExitStatus, OutputError
from app.control_characters import one_line

MAX_LINE_CHARACTERS = 2_000
"""Maximum number of characters of a line on standard error; it may quote a file, or the answer of a service."""


def reopen_closed_streams() -> None:
    """Open descriptors 0 to 2 to /dev/null where they are closed.

    Otherwise the next file opened would get such a number, and receive what is written to that standard stream.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w")  # `sys.stdout` stays None, so that `write` can report it as closed


def write(data: bytes, written: Callable[[], object] = lambda: None) -> None:
    """Write to standard output and flush, so that the reader of a pipe gets the data at once.

    Ctrl-C and SIGTERM take effect when all is written and `written` was called, so that no row is cut off and all are
    counted; a second one takes effect at once.

    Raises:
        OutputError: it is closed, or its disk is full.
        click.exceptions.Exit: the reader of the pipe closed it, which is not reported as an error.
    """
    if sys.stdout is None:
        raise OutputError("Standard output is closed.")
    try:
        with stop_held_back():
            rest = memoryview(data)
            while rest:  # a signal makes a write to a full pipe end early, with the number of bytes that were written
                rest = rest[sys.stdout.buffer.write(rest) :]
            sys.stdout.buffer.flush()
            written()
    except BrokenPipeError:
        discard(sys.stdout)
        raise click.exceptions.Exit(ExitStatus.PIPE_CLOSED) from None
    except OSError as error:
        discard(sys.stdout)
        raise OutputError(f"Standard output cannot be written ({error.strerror}).") from None


def write_lines(*lines: str) -> None:
    """Write lines of text to standard output as UTF-8; parts of names that are not UTF-8 become escapes."""
    write("".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))


@contextmanager
def stop_held_back() -> Iterator[None]:
    """Call the handlers of SIGINT and SIGTERM after the block.

    Their exceptions would lose the rest of a write. During an import, pydantic-core turns them into other errors.
    """
    held: list[int] = []
    before = {stop: signal.getsignal(stop) for stop in (signal.SIGINT, signal.SIGTERM)}

    def hold(number: int, frame: FrameType | None) -> None:
        handler = before[signal.Signals(number)]
        if held and callable(handler):
            handler(number, frame)
        held.append(number)

    replaced = [stop for stop, handler in before.items() if callable(handler)] if _is_main_thread() else []
    for stop in replaced:
        signal.signal(stop, hold)
    try:
        yield
    finally:
        for stop in replaced:
            signal.signal(stop, before[stop])
    for number in held:
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, None)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()  # only this one may set handlers


def print_error(message: str) -> None:
    """Write a line to standard error, replacing a progress bar if there is one; ignores write errors."""
    message = one_line(message, MAX_LINE_CHARACTERS)
    try:
        click.echo(f"\r\x1b[K{message}" if is_terminal(sys.stderr) else message, err=True)
    except OSError:
        discard(sys.stderr)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether the stream is a terminal; None (Python's value for a stream closed at its start) is not."""
    return stream is not None and stream.isatty()


def discard(stream: TextIO | None) -> None:
    """Send everything still buffered, and everything written later, to /dev/null.

    Python flushes both streams at exit; if that fails it prints an error, and the exit status becomes 120.
    """
    if stream is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
