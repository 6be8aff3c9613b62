"""The command `python -m app serve`."""

import click

from app.classifier import ClassifierError
from app.server.command.metrics_folder import is_needed, metrics_folder
from app.server.command.options import start, with_options
from app.server.sockets import ListenError
from app.settings import SettingsError


@click.command()
@with_options
def serve(host: str, port: str, **options: str | None) -> None:
    """Serve predictions over HTTP.

    An option overrides the environment variable of the same setting. All other settings are TOPICS_* variables;
    docs/configuration.md lists them, and `doctor` shows their values.
    """
    try:
        chosen = start(host, port, options)
        if chosen.wrong:
            raise SettingsError("\n".join(chosen.wrong))  # noqa: TRY301
        with metrics_folder(is_needed(chosen.settings)):
            from app.server.run import serve as run  # noqa: PLC0415 - imports prometheus_client

            run(chosen.settings, host, chosen.port)
    except (SettingsError, ClassifierError, ListenError) as error:
        raise click.ClickException(str(error)) from None
