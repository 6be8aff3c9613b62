"""The `python -m training` group: an expected error becomes one sentence and an exit status.

`app/cli/entry_point.py` does the same for `python -m app` and is not shared: its exit statuses are part of that
program's interface, and the only package that both programs import, `app.classifier`, does not know click.
"""

from typing import Any, Final

import click

from app.classifier import ClassifierError
from training.errors import TrainingError

INTERRUPTED: Final = 130
"""Exit status after Ctrl-C: 128 + SIGINT, as in shells."""


class EntryPoint(click.Group):
    """Ends with status 1 and one sentence on expected errors, with 130 on Ctrl-C."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as in the base class
        """Run the command.

        Raises:
            ClickException: an expected error; click prints it and exits with 1.
            Exit: with status 130, on Ctrl-C.
        """
        try:
            return super().invoke(ctx)
        except (TrainingError, ClassifierError) as error:
            raise click.ClickException(str(error)) from error
        except BrokenPipeError:
            raise  # click exits without a message, as shells expect when a reader such as `head` has closed the pipe
        except OSError as error:
            # What no module handles, such as a full disk under TMPDIR or behind stdout.
            where = f"{error.filename}: " if error.filename else "The output "
            raise click.ClickException(f"{where}cannot be read or written ({error.strerror or error}).") from error
        except KeyboardInterrupt:
            click.echo("\nStopped: what was not finished was not written.", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None
