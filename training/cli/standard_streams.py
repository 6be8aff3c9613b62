"""Standard output and standard error of `python -m training`, which may be closed, full, or a pipe without a reader."""

import io
import os
import sys
from contextlib import suppress


class _Messages(io.TextIOWrapper):
    """Standard error. Write errors are ignored: a full disk under the log must not end hours of training."""

    def write(self, text: str) -> int:
        """Write a text, or drop it if that fails; returns the number of its characters."""
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Do nothing, because `write` has written all."""


def prepare_standard_streams() -> None:
    """Called before any command; exits with an error if standard output is closed, so that no result is lost."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:  # closed: otherwise the next file opened would receive what is written to that stream
            os.open(os.devnull, os.O_RDWR)
    encoding = "utf-8" if sys.stderr is None else sys.stderr.encoding
    sys.stderr = _Messages(io.FileIO(2, "w", closefd=False), encoding, "backslashreplace", write_through=True)
    if sys.stdout is None:
        sys.exit("Error: Standard output is closed; redirect it to a file, or to /dev/null.")
    if isinstance(sys.stdout, io.TextIOWrapper):
        # The last line of a training may name a file in bytes that are no text, or go to a terminal without UTF-8.
        sys.stdout.reconfigure(errors="backslashreplace")
