"""`python -m training`: kept short on purpose; what the commands do can be imported and tested."""

import os

# Before TensorFlow is imported anywhere: its banner about CPU features is no news to who trains.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from training.cli import cli

if __name__ == "__main__":
    cli(prog_name="python -m training")
