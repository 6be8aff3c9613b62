"""Training progress on stderr: phase, loss, accuracy and remaining time."""

import os
import sys
import time
from collections.abc import Callable
from typing import Final, Self, TextIO

TERMINAL_SECONDS: Final = 0.2
FILE_SECONDS: Final = 10.0
"""Minimum time between two reports of the same phase."""
DEFAULT_COLUMNS: Final = 80
"""Width of a terminal that does not tell its own."""


Report = Callable[[str, int, int, str], object]
"""Called with the progress: the phase, how many of its steps are done, their number, and a note such as the loss."""


def silent(_phase: str, _done: int, _of: int, _note: str) -> None:
    """A Report that prints nothing."""


def numbered(report: Report, number: int, of: int) -> Report:
    """A Report whose phases are those of one of several passes."""
    return lambda phase, done, total, note: report(f"{phase}, pass {number} of {of}", done, total, note)


class Progress:
    """Prints the progress: on a terminal as one line that is rewritten, elsewhere as a line every FILE_SECONDS."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._start = time.monotonic()
        self._phase = ""
        self._phase_start = self._printed = -float("inf")
        self._width = 0

    def __call__(self, phase: str, done: int, of: int, note: str = "") -> None:
        """Report that `done` of `of` steps of a phase are done; 0 for `of`: not known."""
        now = time.monotonic()
        first = phase != self._phase
        # What comes before the first step, such as reading, says nothing about how long steps take.
        if first or not done:
            self._phase_start = now
        if first:
            self.close()
            self._phase = phase
        elif (done < of or not of) and now - self._printed < (TERMINAL_SECONDS if self._terminal else FILE_SECONDS):
            return
        self._printed = now
        left = (now - self._phase_start) / done * (of - done) if done and of and now > self._phase_start else None
        parts = [f"{done / of:.0%}" if done and of else "", note, "" if left is None else f"{_clock(left)} left"]
        line = f"[{_clock(now - self._start)}] {phase}: {', '.join(filter(None, parts))}".rstrip(": ")
        if self._terminal:
            max_width = _columns(self._stream) - 1  # a line that wraps cannot be rewritten
            self._stream.write("\r" + line[:max_width].ljust(min(self._width, max_width)))
            self._width = len(line[:max_width])
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def close(self) -> None:
        """End the line of the terminal, so that the next output begins on a new one; further reports are possible."""
        if self._terminal and self._width:
            self._stream.write("\n")
            self._width = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _columns(terminal: TextIO) -> int:
    try:
        return os.get_terminal_size(terminal.fileno()).columns or DEFAULT_COLUMNS
    except OSError:
        return DEFAULT_COLUMNS


def _clock(seconds: float) -> str:
    """`1:05`, minutes and seconds; `1:02:05` from an hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
