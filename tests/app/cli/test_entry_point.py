"""Every error of a command is one sentence and its exit status."""

import errno
import re
import sys
from collections.abc import Callable
from typing import Any

import click
import pytest
from click.testing import CliRunner

from app import VERSION
from app.__main__ import main
from app.cli.entry_point import EntryPoint
from app.cli.exit_status import ExitStatus
from tests.app.cli.running import run


def group(act: Callable[[], object]) -> EntryPoint:
    @click.group(cls=EntryPoint)
    def main() -> None: ...

    @main.command()
    def act_now() -> None:
        act()

    return main


def failing(error: BaseException) -> EntryPoint:
    def fail() -> None:
        raise error

    return group(fail)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("name"), "Unexpected KeyError ('name'); --debug before the command shows where."),
        (ValueError("two\nlines " * 200), "Unexpected ValueError (two lines two lines"),
        (RecursionError(), "Unexpected RecursionError; --debug"),
        (MemoryError(), "Unexpected MemoryError; --debug"),
        (OSError(errno.EIO, "Input/output error"), "Unexpected OSError ([Errno 5] Input/output error)"),
        (UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogates not allowed"), "Unexpected UnicodeEncodeError"),
    ],
)
def test_unexpected_error_is_one_sentence_and_a_status_of_its_own(error: Exception, words: str) -> None:
    result = CliRunner().invoke(failing(error), ["act-now"])
    assert result.exit_code == ExitStatus.UNEXPECTED
    assert result.stderr.startswith(f"Error: {words}")
    assert len(result.stderr.splitlines()) == 1
    assert len(result.stderr) < 500


def test_debug_shows_the_traceback() -> None:
    error = KeyError("name")
    result = CliRunner().invoke(failing(error), ["--debug", "act-now"])
    assert result.exception is error
    assert "--debug" in CliRunner().invoke(failing(error), ["--help"]).stdout


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (KeyboardInterrupt(), ExitStatus.INTERRUPTED),
        (click.Abort(), ExitStatus.INTERRUPTED),
        (click.UsageError("no"), ExitStatus.USAGE),
        (click.exceptions.Exit(ExitStatus.SOME_BAD), ExitStatus.SOME_BAD),
        (SystemExit(7), 7),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), ExitStatus.PIPE_CLOSED),
        (OSError(errno.ENOSPC, "No space left on device"), ExitStatus.OUTPUT),
    ],
)
def test_every_end_has_its_status(error: BaseException, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.cli.entry_point.discard", lambda _: None)
    assert CliRunner().invoke(failing(error), ["act-now"]).exit_code == status
    assert CliRunner().invoke(group(lambda: None), ["act-now"]).exit_code == 0


@pytest.mark.parametrize("name", list(main.commands))
def test_every_command_has_examples_whose_options_exist(name: str):
    shown = run(name, "--help").stdout
    lines = re.findall(rf"^ +python -m app {name}\b(.*)$", shown, re.MULTILINE)
    assert lines
    known = {option for parameter in main.commands[name].params for option in parameter.opts}
    assert {word for line in lines for word in line.split() if re.match("--?[a-z]", word)} <= known


def test_version_is_printed():
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"reuters-topics, version {VERSION}\n")


def test_shell_that_asks_for_completions_gets_the_commands(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("_REUTERS_TOPICS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "reuters-topics cl")
    monkeypatch.setenv("COMP_CWORD", "1")
    result = CliRunner().invoke(main, prog_name="reuters-topics")
    assert (result.exit_code, result.stdout) == (0, "plain,classify\n")


@pytest.mark.parametrize("number", [errno.EPIPE, errno.ENOSPC, errno.EIO])
def test_output_that_cannot_be_written_is_discarded_so_that_exiting_does_not_fail(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    discarded: list[object] = []
    monkeypatch.setattr("app.cli.entry_point.discard", lambda stream: discarded.append(stream is sys.stdout))
    CliRunner().invoke(failing(OSError(number, "no")), ["act-now"])
    assert discarded == ([] if number == errno.EIO else [True])


def test_closed_pipe_ends_training_without_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.cli.entry_point.discard", lambda _: None)
    assert CliRunner().invoke(failing(BrokenPipeError(errno.EPIPE, "Broken pipe")), ["act-now"]).stderr == ""


def test_full_disk_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.cli.entry_point.discard", lambda _: None)
    result = CliRunner().invoke(failing(OSError(errno.ENOSPC, "full")), ["act-now"])
    assert result.stderr == "Error: The output cannot be written (No space left on device).\n"


def test_each_of_several_errors_has_the_prefix() -> None:
    result = CliRunner().invoke(failing(click.ClickException("One.\nTwo.")), ["act-now"])
    assert (result.exit_code, result.stderr) == (1, "Error: One.\nError: Two.\n")


@pytest.mark.parametrize("kind", [click.ClickException, click.UsageError, click.BadParameter, ValueError])
def test_control_characters_of_a_message_are_not_printed_and_a_long_one_is_cut(kind: type[Exception]) -> None:
    result = CliRunner().invoke(failing(kind("a\x1b]0;pwn\x07\x9b\u202e" + "a" * 10_000)), ["act-now"])
    assert "a ]0;pwn" in result.stderr
    assert result.stderr.replace("\n", "").isprintable()
    assert len(result.stderr) < 2_200


def test_words_of_an_unexpected_error_are_cut_at_300_characters() -> None:
    result = CliRunner().invoke(failing(ValueError("a" * 500)), ["act-now"])
    told = f"Error: Unexpected ValueError ({'a' * 300}); --debug before the command shows where.\n"
    assert result.stderr == told


class Unprintable(click.ClickException):
    """An error whose `show` raises the given exception."""

    exit_code = 9

    def __init__(self, reason: Exception) -> None:
        super().__init__("caf\u00e9")
        self.reason = reason

    def show(self, file: Any = None) -> None:
        raise self.reason


def test_message_that_the_terminal_cannot_show_is_escaped() -> None:
    result = CliRunner().invoke(failing(Unprintable(UnicodeError("no such character"))), ["act-now"])
    assert (result.exit_code, result.stderr) == (9, "'caf\\xe9'\n")


def test_message_without_a_reader_keeps_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    discarded: list[object] = []
    monkeypatch.setattr("app.cli.entry_point.discard", lambda stream: discarded.append(stream is sys.stderr))
    result = CliRunner().invoke(failing(Unprintable(BrokenPipeError())), ["act-now"])
    assert (result.exit_code, discarded) == (9, [True])


def test_debug_holds_for_one_call_only() -> None:
    group = failing(KeyError("name"))
    assert isinstance(CliRunner().invoke(group, ["--debug", "act-now"]).exception, KeyError)
    assert CliRunner().invoke(group, ["act-now"]).exit_code == ExitStatus.UNEXPECTED


def test_arguments_are_those_of_the_process_unless_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["app", "act-now"])
    done: list[int] = []
    with pytest.raises(SystemExit) as end:
        group(lambda: done.append(1)).main()
    assert (end.value.code, done) == (0, [1])


@pytest.mark.parametrize("command", ["doctor", "model", "serve", "topics"])
def test_bundle_as_an_argument_is_answered_with_the_option(command: str) -> None:
    result = CliRunner().invoke(main, [command, "models/news/1"])
    assert result.exit_code == 2
    assert "unexpected extra argument (models/news/1); name a bundle with --model." in result.output


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["serve", "--hots", "x"], "Did you mean --host?"),
        (["serve", "--log", "x"], "Did you mean --log-level?"),
        (["classify", "--colunm", "x"], "Did you mean --column?"),
        (["serve", "--deadline-seconds", "1"], None),
        (["serve", "--reload"], None),
        (["doctr"], "Did you mean doctor?"),
        (["train"], None),
    ],
)
def test_unknown_option_or_command_is_answered_with_a_near_name_only(arguments: list[str], hint: str | None) -> None:
    result = CliRunner().invoke(main, arguments)
    assert (result.exit_code, "No such" in result.output) == (2, True)
    if hint is None:
        assert "Did you mean" not in result.output
    else:
        assert hint in result.output
