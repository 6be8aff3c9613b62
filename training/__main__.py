"""python -m training: the command group."""

import io
import os
import signal
import sys

if __name__ == "__main__":
    interrupted = signal.getsignal(signal.SIGINT)
    if interrupted is signal.default_int_handler:  # a background job of a shell ignores SIGINT, and keeps doing so
        signal.signal(signal.SIGINT, lambda *_: sys.exit(128 + signal.SIGINT))  # no traceback from within an import

# Set before anything imports TensorFlow: hides its banner about CPU features.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from training.cli import cli

if __name__ == "__main__":
    signal.signal(signal.SIGINT, interrupted)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # The last line of a training may name a file in bytes that are no text, or go to a terminal without UTF-8.
        sys.stdout.reconfigure(errors="backslashreplace")
    cli(prog_name="python -m training")
