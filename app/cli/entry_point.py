"""The `python -m app` command group: turns every exception into an exit status and a message of one sentence."""

import errno
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from app.cli.exit_status import ExitStatus, OutputError, UnexpectedError
from app.cli.standard_streams import MAX_LINE_CHARACTERS, discard, print_error
from app.cli.usage_errors import with_near_name
from app.control_characters import one_line

MAX_ERROR_CHARACTERS = 300
"""An unexpected error's own message is cut to this length."""

FULL = "The output cannot be written (No space left on device)."


class EntryPoint(click.Group):
    """A click group whose commands show no traceback unless --debug is given."""

    debug = False

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(*args, **options)
        self.params.append(
            click.Option(
                ["--debug"], is_flag=True, expose_value=False, callback=self._set_debug, help="Show tracebacks."
            )
        )

    def _set_debug(self, _context: click.Context, _option: click.Parameter, value: bool) -> None:
        self.debug = value

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]  # noqa: ANN401 - click's
        """Run a command and exit with a status of `ExitStatus`."""
        status = 0
        if prog_name:  # exits if a shell's completion script called the program
            self._main_shell_completion(extra, prog_name)
        try:
            with self.make_context(prog_name, list(sys.argv[1:] if args is None else args), **extra) as context:
                self.invoke(context)
        except click.exceptions.Exit as end:
            status = end.exit_code
            if status == 0 and sys.stdout is None:  # after --help or --version, which click does not print then
                status = _report(OutputError("Standard output is closed."))
        except (KeyboardInterrupt, click.Abort):
            status = ExitStatus.INTERRUPTED
        except click.UsageError as error:
            status = _report(with_near_name(error))
        except click.ClickException as error:
            status = _report(error)
        except Exception as error:  # every other error: one sentence and status 70, not a traceback and status 1
            if self.debug:
                raise
            number = error.errno if isinstance(error, OSError) else None
            if number in (errno.EPIPE, errno.ENOSPC):  # raised by click while it printed a help text to stdout
                discard(sys.stdout)
            if number == errno.EPIPE:
                status = ExitStatus.PIPE_CLOSED
            else:
                status = _report(OutputError(FULL) if number == errno.ENOSPC else UnexpectedError(_sentence(error)))
        sys.exit(status)


def _sentence(error: Exception) -> str:
    words = " ".join(str(error).split())[:MAX_ERROR_CHARACTERS]
    return f"Unexpected {type(error).__name__}{f' ({words})' if words else ''}; --debug before the command shows where."


def _report(error: click.ClickException) -> int:
    """Print the error, each line of its message as an error of its own; returns its exit status."""
    error.message = "\n".join(one_line(line, MAX_LINE_CHARACTERS) for line in error.message.splitlines())  # type: ignore[misc]
    try:
        lines = error.format_message().splitlines()
        if isinstance(error, click.UsageError) or len(lines) < 2:
            error.show()
        else:  # such as several wrong settings
            for line in lines:
                click.ClickException(line).show()
    except OSError:  # standard error is full or has no reader: only the exit status is left
        discard(sys.stderr)
    except Exception:  # such as UnicodeEncodeError: the terminal's encoding lacks a character
        print_error(ascii(error.format_message()))
    return error.exit_code
