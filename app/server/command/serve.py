"""The command `python -m app serve`."""

import logging
import signal
import sys
from functools import partial

import click

from app.classifier import ClassifierError
from app.cli.standard_streams import stop_held_back
from app.server.command.metrics_folder import is_needed, metrics_folder
from app.server.command.options import read_options, with_options
from app.server.sockets import ListenError
from app.serving.loading import prepare
from app.settings import SettingsError

logger = logging.getLogger(__name__)


@click.command()
@with_options
def serve(host: str, port: str, **options: str | None) -> None:
    """Serve predictions over HTTP.

    An option overrides the environment variable of the same setting. All other settings are TOPICS_* variables;
    docs/configuration.md lists them, and `doctor` shows their values.
    """
    try:
        chosen = read_options(host, port, options)
        if chosen.wrong:
            raise SettingsError("\n".join(chosen.wrong))  # noqa: TRY301
        signal.signal(signal.SIGHUP, partial(_hang_up, sys.stdin is not None and sys.stdin.isatty()))
        with metrics_folder(is_needed(chosen.settings)):
            # Before FastAPI is imported, which reuses the memory that loading frees: 6 MB.
            prepared = [prepare(chosen.settings)]
            with stop_held_back():
                from app.server.run import serve as run  # noqa: PLC0415 - imports FastAPI and prometheus_client

            run(chosen.settings, host, chosen.port, prepared.pop())  # a name here would keep the bundle after SIGHUP
    except (SettingsError, ClassifierError, ListenError) as error:
        raise click.ClickException(str(error)) from None


def _hang_up(terminal: bool, *_: object) -> None:
    """Handle SIGHUP in a service of one process, which could not answer requests while it loads a bundle."""
    if terminal:  # the terminal was closed
        signal.raise_signal(signal.SIGTERM)
    else:
        logger.warning("SIGHUP is ignored: with one worker the bundle cannot be reloaded; restart the service")
