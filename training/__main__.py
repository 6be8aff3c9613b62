"""python -m training: the command group."""

import os
import signal

if __name__ == "__main__":
    interrupted = signal.getsignal(signal.SIGINT)
    if interrupted is signal.default_int_handler:  # a background job of a shell ignores SIGINT, and keeps doing so
        signal.signal(signal.SIGINT, lambda *_: os._exit(128 + signal.SIGINT))  # no exception within an import

# Set before anything imports TensorFlow: hides its banner about CPU features.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from training.cli import cli
from training.cli.standard_streams import prepare_standard_streams

if __name__ == "__main__":
    signal.signal(signal.SIGINT, interrupted)
    prepare_standard_streams()
    cli(prog_name="python -m training")
