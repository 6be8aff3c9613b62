"""The `python -m app` group: every end of a command becomes an exit status and at most one sentence."""

import errno
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from app.cli.exit_status import ExitStatus, OutputError, UnexpectedError
from app.cli.standard_streams import discard, say

MOST_CHARACTERS = 300
"""Of an unexpected error's own message."""

FULL = "The output cannot be written (No space left on device)."


class EntryPoint(click.Group):
    """A group whose commands never end in a traceback, unless --debug asks for it."""

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
        """Run a command and exit with the status that says how it ended."""
        self.debug = False
        status = 0
        if prog_name:  # exits if a shell asks for completions
            self._main_shell_completion(extra, prog_name)
        try:
            with self.make_context(prog_name, list(sys.argv[1:] if args is None else args), **extra) as context:
                self.invoke(context)
        except click.exceptions.Exit as end:
            status = end.exit_code
        except (KeyboardInterrupt, click.Abort):
            status = ExitStatus.INTERRUPTED
        except click.ClickException as error:
            status = _report(error)
        except Exception as error:  # the last resort: a sentence rather than a traceback and status 1
            if self.debug:
                raise
            number = error.errno if isinstance(error, OSError) else None
            if number in (errno.EPIPE, errno.ENOSPC):  # click printed its help there
                discard(sys.stdout)
            if number == errno.EPIPE:
                status = ExitStatus.PIPE_CLOSED
            else:
                status = _report(OutputError(FULL) if number == errno.ENOSPC else UnexpectedError(_sentence(error)))
        sys.exit(status)


def _sentence(error: Exception) -> str:
    words = " ".join(str(error).split())[:MOST_CHARACTERS]
    return f"Unexpected {type(error).__name__}{f' ({words})' if words else ''}; --debug before the command shows where."


def _report(error: click.ClickException) -> int:
    try:
        error.show()
    except OSError:  # standard error is full or has no reader: the status has to do
        discard(sys.stderr)
    except Exception:  # such as characters that the terminal's encoding does not have
        say(ascii(error.format_message()))
    return error.exit_code
