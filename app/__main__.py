"""The command line `python -m app`: serve, doctor, classify, model, topics."""

import gc
import os
import signal
import sys
from pathlib import Path

if __name__ == "__main__":
    # Nearly all objects of the imports and of a model stay, so garbage collections during the start would free nothing.
    # They took 9% of its time. A service has about 100,000 objects when it is ready.
    gc.set_threshold(200_000)
    # Process 1 of a container ignores SIGTERM until a handler is set, and the imports below take most of the start.
    # `os._exit`, because pydantic-core turns a SystemExit during an import into another error. Nothing is open yet.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))
    interrupted = signal.getsignal(signal.SIGINT)
    if interrupted is signal.default_int_handler:  # a background job of a shell ignores SIGINT, and keeps doing so
        signal.signal(signal.SIGINT, lambda *_: os._exit(128 + signal.SIGINT))

# One thread: the matrices of a headline are too small for several, and idle BLAS threads take CPU time and memory.
# OpenBLAS reads the variable when NumPy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import click

from app import VERSION
from app.cli.classify import classify
from app.cli.entry_point import EntryPoint
from app.cli.model_info import model, topics
from app.cli.standard_streams import reopen_closed_streams
from app.server.command.doctor import doctor
from app.server.command.serve import serve


@click.group(cls=EntryPoint, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="reuters-topics")
def main() -> None:
    """Classify news headlines by topic, as an HTTP service or on the command line."""


EXAMPLES = {
    serve: ("serve", "serve --host 0.0.0.0 --port 9000 --workers 2", "serve --model models/headlines/7,models/book/1"),
    doctor: ("doctor", "doctor --model models/mine/1 --port 9000 --json"),
    classify: (),  # in its help text
    model: ("model", "model --model models/book/1"),
    topics: ("topics", "topics --model models/book/1 --json"),
}

for command, lines in EXAMPLES.items():
    if lines:
        command.epilog = "\b\n" + "\n".join(["Examples:", *(f"  python -m app {line}" for line in lines)])
    main.add_command(command)

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    signal.signal(signal.SIGINT, interrupted)
    reopen_closed_streams()
    called = Path(sys.argv[0]).name
    main(prog_name="python -m app" if called == "__main__.py" else called)
