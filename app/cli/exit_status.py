"""Exit statuses of `python -m app`, and the errors that end the program with one."""

from enum import IntEnum

import click


class ExitStatus(IntEnum):
    """Exit statuses; `MEANINGS` describes each, for the help text and docs/classify.md."""

    OK = 0
    SOME_BAD = 1
    USAGE = 2
    UNAVAILABLE = 3
    INPUT = 4
    OUTPUT = 5
    UNEXPECTED = 70
    INTERRUPTED = 130
    PIPE_CLOSED = 141
    TERMINATED = 143


MEANINGS = {
    ExitStatus.OK: "every headline was classified",
    ExitStatus.SOME_BAD: "at least one line could not be classified; all others were",
    ExitStatus.USAGE: "wrong options, or a column that the input does not have",
    ExitStatus.UNAVAILABLE: "the model or Ray is missing, or the service at --url does not answer or refuses the key",
    ExitStatus.INPUT: "the input cannot be read, or is not text",
    ExitStatus.OUTPUT: "the output cannot be written, such as on a full disk",
    ExitStatus.UNEXPECTED: "an unexpected error; python -m app --debug shows the traceback",
    ExitStatus.INTERRUPTED: "stopped by Ctrl-C",
    ExitStatus.PIPE_CLOSED: "the reader of the output closed the pipe",
    ExitStatus.TERMINATED: "stopped by SIGTERM",
}


class UnavailableError(click.ClickException):
    """No model, no service, or no Ray can classify the headlines."""

    exit_code = ExitStatus.UNAVAILABLE


class InputError(click.ClickException):
    """The input cannot be read to its end."""

    exit_code = ExitStatus.INPUT


class OutputError(click.ClickException):
    """The output cannot be written."""

    exit_code = ExitStatus.OUTPUT


class UnexpectedError(click.ClickException):
    """Any exception that no other class covers."""

    exit_code = ExitStatus.UNEXPECTED
