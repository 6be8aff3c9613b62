"""python -m training: the command group."""

import os

# Set before anything imports TensorFlow: hides its banner about CPU features.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from training.cli import cli

if __name__ == "__main__":
    cli(prog_name="python -m training")
