"""The command line `python -m app`: serve, classify, model, topics."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if __name__ == "__main__":
    # Process 1 of a container ignores SIGTERM until a handler is set, and the imports below take most of the start.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    interrupted = signal.getsignal(signal.SIGINT)
    if interrupted is signal.default_int_handler:  # a background job of a shell ignores SIGINT, and keeps doing so
        signal.signal(signal.SIGINT, lambda *_: sys.exit(128 + signal.SIGINT))  # no traceback from within an import

# One thread: the matrices of a headline are too small for several, and idle BLAS threads take CPU time and memory.
# OpenBLAS reads the variable when NumPy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import click

from app import VERSION
from app.classifier import ClassifierError
from app.cli.classify import classify
from app.cli.entry_point import EntryPoint
from app.cli.model_info import model, topics
from app.cli.standard_streams import reopen_closed_streams
from app.server.sockets import ListenError
from app.settings import SettingsError, load_settings

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus_client reads this variable when it is first imported."""


@click.group(cls=EntryPoint, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="reuters-topics")
def main() -> None:
    """Classify news headlines by topic, as an HTTP service or on the command line."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 picks a free one.",
)
def serve(host: str, port: int) -> None:
    """Serve predictions over HTTP.

    All other settings are TOPICS_* environment variables; docs/configuration.md lists them.
    """
    try:
        settings = load_settings()
        if settings.metrics_port == port:
            raise SettingsError(f"TOPICS_METRICS_PORT: {port} is the service's own port; choose another one.")  # noqa: TRY301
        with _metrics_folder(settings.workers > 1 or settings.metrics_port is not None):
            from app.server.run import serve as run  # noqa: PLC0415 - imports prometheus_client

            run(settings, host, port)
    except (SettingsError, ClassifierError, ListenError) as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _metrics_folder(needed: bool) -> Iterator[None]:
    """Set METRICS_FOLDER to a temporary folder while serving, if one is needed and the variable is not yet set.

    Raises:
        SettingsError: the variable names a folder that is not writable, or no temporary folder can be created.
    """
    given = os.environ.get(METRICS_FOLDER) or None
    if given is not None and not (Path(given).is_dir() and os.access(given, os.R_OK | os.W_OK | os.X_OK)):
        raise SettingsError(f"{METRICS_FOLDER}: {given} is not a writable folder; create it, or unset the variable.")
    if given is None:
        os.environ.pop(METRICS_FOLDER, None)  # prometheus_client would take an empty value for a folder
    if given is not None or not needed:
        yield
        return
    try:
        # Not a TemporaryDirectory: forked workers would remove it when they end.
        os.environ[METRICS_FOLDER] = folder = tempfile.mkdtemp(prefix="topics-metrics-")
    except OSError as error:
        raise SettingsError(
            f"{METRICS_FOLDER}: no temporary folder can be created ({error.strerror}); set it to a writable folder."
        ) from None
    try:
        yield
    finally:
        del os.environ[METRICS_FOLDER]
        shutil.rmtree(folder, ignore_errors=True)


for command in (classify, model, topics):
    main.add_command(command)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, interrupted)
    reopen_closed_streams()
    called = Path(sys.argv[0]).name
    main(prog_name="python -m app" if called == "__main__.py" else called)
