"""python -m training: the command group."""

import os

# Set before anything imports TensorFlow: hides its banner about CPU features.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import io
import sys

from training.cli import cli

if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        # The last line of a training may name a file in bytes that are no text, or go to a terminal without UTF-8.
        sys.stdout.reconfigure(errors="backslashreplace")
    cli(prog_name="python -m training")
