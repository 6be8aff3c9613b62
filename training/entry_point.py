"""The `python -m training` group: an expected error becomes one sentence and an exit status.

`app/cli/entry_point.py` does the same for `python -m app` and is not shared, because its exit statuses are part of that
program's interface.
"""

import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from app.classifier import ClassifierError
from app.cli.usage_errors import with_near_name
from training.errors import TrainingError

INTERRUPTED: Final = 130
"""Exit status after Ctrl-C: 128 + SIGINT, as in shells."""

_LONGEST: Final = 1_000
"""Characters of a command's line in the help, which click would cut at the width of the terminal."""

RESEND_SECONDS: Final = 0.1
"""Time until a lost interrupt is sent again: the destructor that lost it has then returned."""


class EntryPoint(click.Group):
    """Ends with status 1 and one sentence on expected errors, with 130 on Ctrl-C; lists its commands in sections."""

    def __init__(self, *args: Any, sections: Mapping[str, Sequence[str]], **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self._sections = sections

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each section with the whole first sentence of every command."""
        for title, names in self._sections.items():
            commands = [(name, self.get_command(ctx, name)) for name in names]
            lines = [
                (name, command.get_short_help_str(limit=_LONGEST)) for name, command in commands if command is not None
            ]
            with formatter.section(title):
                formatter.write_dl(lines)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as in the base class
        """Run the command.

        Raises:
            ClickException: an expected error; click prints it and exits with 1.
            Exit: with status 130, on Ctrl-C.
        """
        report_others, sys.unraisablehook = sys.unraisablehook, _resend_interrupt
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise with_near_name(error) from None
        except (TrainingError, ClassifierError) as error:
            raise click.ClickException(str(error)) from error
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if package in {"", "app", "training"}:
                raise
            raise click.ClickException(
                f"The package {package} is not installed; make install installs what training needs (3 GB)."
            ) from error
        except BrokenPipeError:
            raise  # click exits without a message, as shells expect when a reader such as `head` has closed the pipe
        except OSError as error:
            # What no module handles, such as a full disk under TMPDIR or behind stdout.
            where = f"{error.filename}: " if error.filename else "The output "
            raise click.ClickException(f"{where}cannot be read or written ({error.strerror or error}).") from error
        except KeyboardInterrupt:
            click.echo("\nStopped; incomplete results were not written.", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None
        finally:
            sys.unraisablehook = report_others


def _resend_interrupt(lost: "sys.UnraisableHookArgs") -> None:
    """Hook for exceptions that Python drops, such as one raised in a destructor or in a weak reference's callback.

    TensorFlow runs many of these, so Ctrl-C may arrive in one, and training would go on.
    """
    if isinstance(lost.exc_value, KeyboardInterrupt):
        main = threading.main_thread().ident
        threading.Timer(RESEND_SECONDS, signal.pthread_kill, [main, signal.SIGINT]).start()
    else:
        sys.__unraisablehook__(lost)
