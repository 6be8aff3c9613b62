"""The `python -m training` group: an expected error becomes one sentence and an exit status.

`app/cli/entry_point.py` does the same for `python -m app` and is not shared, because its exit statuses are part of that
program's interface.
"""

import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import click

from app.classifier import ClassifierError
from app.cli.usage_errors import with_near_name
from app.control_characters import one_line
from training.errors import TrainingError

STOPPING: Final = (signal.SIGTERM, signal.SIGHUP)
"""SIGTERM is sent by `kill`, SIGHUP if the terminal is closed; both end a command as Ctrl-C does, so that no incomplete
folder is left."""

MAX_LINE_CHARACTERS: Final = 2_000
"""Maximum number of characters of an error, which may quote a file."""

_MAX_HELP_CHARACTERS: Final = 1_000
"""Maximum length of a command's line in the help; click's own limit is the width of the terminal."""

RESEND_SECONDS: Final = 0.1
"""Time until a lost interrupt is sent again: the destructor that lost it has then returned."""


class Stopped(KeyboardInterrupt):
    """One of STOPPING has arrived."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class EntryPoint(click.Group):
    """Ends with status 1 and one sentence on expected errors, with 128 + the signal's number on Ctrl-C and STOPPING.

    Lists its commands in sections.
    """

    def __init__(self, *args: Any, sections: Mapping[str, Sequence[str]], **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self._sections = sections

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each section with the whole first sentence of every command."""
        for title, names in self._sections.items():
            commands = [(name, self.get_command(ctx, name)) for name in names]
            lines = [
                (name, command.get_short_help_str(limit=_MAX_HELP_CHARACTERS))
                for name, command in commands
                if command is not None
            ]
            with formatter.section(title):
                formatter.write_dl(lines)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:  # noqa: ANN401 - as in the base class
        """Parse the options before the command; raises UsageError with a message that a terminal can show."""
        try:
            return super().make_context(*args, **extra)
        except click.UsageError as error:
            raise _printable(error) from None
        except BrokenPipeError:
            raise  # as in `invoke`
        except OSError as error:  # the help cannot be printed
            raise _not_written(error) from error

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as in the base class
        """Run the command.

        Raises:
            ClickException: an expected error; click prints it and exits with 1, or with 2 for a UsageError.
            Exit: with the status of a stopped process, on Ctrl-C and STOPPING.
        """
        report_others, sys.unraisablehook = sys.unraisablehook, _resend_interrupt
        try:
            with _stop_signals():
                return super().invoke(ctx)
        except click.UsageError as error:
            raise _printable(error) from None
        except (TrainingError, ClassifierError) as error:
            raise click.ClickException(one_line(str(error), MAX_LINE_CHARACTERS)) from error
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
            raise _not_written(error) from error  # what no module handles, such as a full disk under TMPDIR
        except KeyboardInterrupt as stop:
            click.echo("\nStopped; incomplete results were not written.", err=True)
            raise click.exceptions.Exit(128 + _number(stop)) from None
        finally:
            sys.unraisablehook = report_others


def _not_written(error: OSError) -> click.ClickException:
    where = f"{error.filename}: " if error.filename else "The output "
    message = f"{where}cannot be read or written ({error.strerror or error})."
    return click.ClickException(one_line(message, MAX_LINE_CHARACTERS))


def _printable(error: click.UsageError) -> click.UsageError:
    """The error with near names, and without control characters of the arguments that it quotes."""
    error = with_near_name(error)
    error.message = one_line(error.message, MAX_LINE_CHARACTERS)  # type: ignore[misc]
    return error


@contextmanager
def _stop_signals() -> Iterator[None]:
    """Raise Stopped on STOPPING; signals that are ignored, as SIGHUP is under nohup, stay so."""

    def stop(number: int, _: FrameType | None) -> None:
        raise Stopped(number)

    main = threading.current_thread() is threading.main_thread()  # only there can handlers be set
    handled = [number for number in STOPPING if main and signal.getsignal(number) is signal.SIG_DFL]
    for number in handled:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)


def _number(stop: KeyboardInterrupt) -> int:
    return stop.number if isinstance(stop, Stopped) else signal.SIGINT


def _resend_interrupt(lost: "sys.UnraisableHookArgs") -> None:
    """Hook for exceptions that Python drops, such as one raised in a destructor or in a weak reference's callback.

    TensorFlow runs many of these, so Ctrl-C may arrive in one, and training would go on.
    """
    if isinstance(lost.exc_value, KeyboardInterrupt):
        main = threading.main_thread().ident
        threading.Timer(RESEND_SECONDS, signal.pthread_kill, [main, _number(lost.exc_value)]).start()
    else:
        sys.__unraisablehook__(lost)
