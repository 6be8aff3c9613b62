"""Makes stdout and stderr LogStreams, drains them when the process ends, and resets them in forked processes."""

import atexit
import io
import os
import sys
import time
from collections.abc import Callable
from typing import TextIO, cast

from app.telemetry.log_streams.log_stream import LogStream

DRAIN_SECONDS = 1.0
"""Maximum time for which the end of the process waits for the reader."""

_streams: dict[int, LogStream] = {}
"""File descriptor -> its stream."""


def non_blocking(file: TextIO | None, notice: Callable[[int], str]) -> TextIO:
    """The LogStream of a process's stdout or stderr; any other file, such as one in memory, unchanged.

    A closed descriptor (`>&-`, for which Python has None) becomes a file that discards everything.
    """
    if file is None:
        return cast("TextIO", _Nowhere())
    try:
        descriptor = file.fileno()
    except (AttributeError, OSError, ValueError):
        return file
    if descriptor not in {1, 2}:
        return file
    stream = _streams.get(descriptor)
    if stream is None:
        # If both are the same pipe, they need one writer; otherwise their lines would mix.
        stream = next((stream for other, stream in _streams.items() if os.path.sameopenfile(other, descriptor)), None)
        _streams[descriptor] = stream = stream or LogStream(descriptor, file.encoding or "utf-8", notice)
    return cast("TextIO", stream)


def replace_standard_streams(notice: Callable[[int], str]) -> None:
    """Make `sys.stdout` and `sys.stderr` non-blocking for loggers, warnings, tracebacks and print."""
    sys.stdout = non_blocking(sys.stdout, notice)
    sys.stderr = non_blocking(sys.stderr, notice)


def dropped_lines() -> int:
    """Number of lines that this process has dropped."""
    return sum(stream.dropped for stream in _distinct())


def drain(seconds: float) -> None:
    """Wait until the queued text of stdout and stderr has been written, at most `seconds` in total."""
    due = time.monotonic() + seconds
    for stream in _distinct():
        stream.drain(due - time.monotonic())


def _distinct() -> set[LogStream]:
    """The streams, each once: stdout and stderr may be the same pipe."""
    return set(_streams.values())


class _Nowhere(io.TextIOBase):
    encoding = "utf-8"

    def write(self, text: str) -> int:
        return len(text)


@atexit.register
def _end() -> None:
    drain(DRAIN_SECONDS)
    for stream in _distinct():
        stream.end()


def _forget() -> None:
    for stream in _distinct():
        stream.reset()  # queued text is written by the parent


os.register_at_fork(after_in_child=_forget)
