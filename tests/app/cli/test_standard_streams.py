"""Standard streams that are closed, full, or pipes without a reader."""

import errno
import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import click
import pytest

from app.cli import standard_streams
from app.cli.exit_status import ExitStatus, OutputError
from app.cli.standard_streams import discard, is_terminal, print_error, reopen_closed_streams, write
from tests.app.cli.running import command
from tests.server import ROOT


def shell(arguments: list[str], redirection: str) -> subprocess.CompletedProcess[bytes]:
    line = ["bash", "-c", f'"$@" {redirection}', "bash", *command(*arguments)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize("arguments", [["classify", "oil"], ["topics"]])
@pytest.mark.parametrize(
    ("redirection", "status", "sentence"),
    [
        (">&-", 5, b"Error: Standard output is closed.\n"),
        (">/dev/full", 5, b"Error: Standard output cannot be written (No space left on device).\n"),
    ],
)
def test_output_that_cannot_be_written_is_5(
    arguments: list[str], redirection: str, status: int, sentence: bytes
) -> None:
    done = shell(arguments, redirection)
    assert (done.returncode, done.stderr) == (status, sentence)


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "2> >(true)"])
def test_messages_that_cannot_be_written_do_not_change_the_result(redirection: str) -> None:
    done = shell(["classify", "oil", "", "wheat"], redirection)
    assert done.returncode == 1
    assert done.stdout.count(b"\n") == 2
    assert shell(["classify", "--top-k", "0", "oil"], redirection).returncode == 2


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["classify", "--help"]])
def test_help_that_cannot_be_printed_is_5(arguments: list[str]) -> None:
    done = shell(arguments, ">&-")
    assert (done.returncode, done.stderr) == (5, b"Error: Standard output is closed.\n")


def test_closed_input_is_4() -> None:
    done = shell(["classify", "-f", "-"], "<&-")
    assert (done.returncode, done.stderr) == (4, b"Error: Standard input is closed.\n")


@pytest.mark.parametrize("arguments", [["topics"], ["--help"]])
def test_closed_pipe_is_141_without_a_message(arguments: list[str]) -> None:
    done = shell(arguments, "> >(exec 0<&-; cat >/dev/null </dev/null); exit")
    assert done.stderr == b""
    assert done.returncode in (0, 141)  # 0 if it wrote before the reader ended


class Stream(io.TextIOWrapper):
    """A text stream in memory whose `flush` can fail, and which can claim to be a terminal."""

    def __init__(self, error: OSError | None = None, terminal: bool = False) -> None:
        self.content = Content(error)
        self.terminal = terminal
        super().__init__(self.content, encoding="utf-8", write_through=True)

    def isatty(self) -> bool:
        return self.terminal


class Content(io.BytesIO):
    flushed = False

    def __init__(self, error: OSError | None) -> None:
        super().__init__()
        self.error = error

    def flush(self) -> None:
        self.flushed = True
        if self.error is not None:
            error, self.error = self.error, None
            raise error


@pytest.fixture
def discarded(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    streams: list[object] = []
    monkeypatch.setattr(standard_streams, "discard", streams.append)
    return streams


def test_bytes_are_written_and_flushed(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream()
    monkeypatch.setattr(sys, "stdout", stream)
    write(b"oil\n")
    assert (stream.content.getvalue(), stream.content.flushed) == (b"oil\n", True)


def test_output_without_a_reader_ends_the_program_quietly(
    monkeypatch: pytest.MonkeyPatch, discarded: list[object]
) -> None:
    stream = Stream(BrokenPipeError(errno.EPIPE, "Broken pipe"))
    monkeypatch.setattr(sys, "stdout", stream)
    with pytest.raises(click.exceptions.Exit) as end:
        write(b"oil")
    assert (end.value.exit_code, discarded) == (ExitStatus.PIPE_CLOSED, [stream])


def test_output_on_a_full_disk_is_an_error_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, discarded: list[object]
) -> None:
    stream = Stream(OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setattr(sys, "stdout", stream)
    with pytest.raises(OutputError) as error:
        write(b"oil")
    assert error.value.message == "Standard output cannot be written (No space left on device)."
    assert discarded == [stream]


def test_closed_output_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(OutputError, match=r"^Standard output is closed\.$"):
        write(b"oil")


@pytest.mark.parametrize(("terminal", "shown"), [(False, b"careful\n"), (True, b"\r\x1b[Kcareful\n")])
def test_message_goes_to_standard_error_over_a_progress_bar(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, shown: bytes
) -> None:
    stream = Stream(terminal=terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    print_error("careful")
    assert stream.content.getvalue() == shown


def test_control_characters_of_a_message_are_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream(terminal=False)
    monkeypatch.setattr(sys, "stderr", stream)
    print_error("line 1 is refused: \x1b]0;pwn\x07\n" + "a" * 10_000)
    shown = stream.content.getvalue().decode()
    assert shown.startswith("line 1 is refused:  ]0;pwn  a")
    assert len(shown) == 2_001


def test_message_that_cannot_be_written_is_lost(monkeypatch: pytest.MonkeyPatch, discarded: list[object]) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(click, "echo", fail)
    print_error("careful")
    assert discarded == [sys.stderr]


def test_closed_stream_is_no_terminal() -> None:
    assert is_terminal(Stream(terminal=True)) is True
    assert is_terminal(Stream()) is False
    assert is_terminal(None) is False


def test_discarded_stream_accepts_everything_and_keeps_nothing(tmp_path: Path) -> None:
    file = tmp_path / "out"
    with file.open("w") as stream:
        discard(stream)
        stream.write("oil")
        stream.flush()
    assert file.read_bytes() == b""
    discard(None)


class ClosedDescriptors:
    """Replaces `os`: only file descriptor 1 is open."""

    devnull, O_RDWR = os.devnull, os.O_RDWR

    def __init__(self) -> None:
        self.opened: list[tuple[str, int]] = []
        self.replacement = Stream()

    def fstat(self, descriptor: int) -> None:
        if descriptor != 1:
            raise OSError(errno.EBADF, "closed")

    def open(self, path: str, flags: int) -> None:
        self.opened.append((path, flags))

    def fdopen(self, descriptor: int, mode: str) -> Stream:
        assert (descriptor, mode) == (2, "w")
        return self.replacement


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> ClosedDescriptors:
    system = ClosedDescriptors()
    monkeypatch.setattr(standard_streams, "os", system)
    return system


def test_descriptors_that_were_closed_are_opened_on_the_null_device(closed: ClosedDescriptors) -> None:
    before = sys.stderr
    reopen_closed_streams()
    assert closed.opened == [(os.devnull, os.O_RDWR)] * 2
    assert sys.stderr is before


def test_closed_standard_error_is_replaced_and_closed_output_is_not(
    closed: ClosedDescriptors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(sys, "stdout", None)
    reopen_closed_streams()
    assert sys.stderr is closed.replacement
    assert sys.stdout is None


class Interrupted(io.BytesIO):
    """An output during whose writes Ctrl-C is pressed."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._times = times

    def write(self, data: object) -> int:
        if self._times == 0:
            return super().write(data)  # type: ignore[arg-type]
        written = super().write(bytes(data)[:3])  # type: ignore[call-overload]
        while self._times:
            self._times -= 1
            os.kill(os.getpid(), signal.SIGINT)
        return written  # as BufferedWriter does for a full pipe


@pytest.mark.parametrize(("times", "written"), [(1, b"whole row\n"), (2, b"who")])
def test_ctrl_c_waits_for_the_end_of_a_row_unless_it_is_pressed_twice(
    times: int, written: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(buffer := Interrupted(times)))
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        write(b"whole row\n")
    assert buffer.getvalue() == written
    assert signal.getsignal(signal.SIGINT) is before


def test_thread_that_may_not_set_handlers_writes_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(buffer := io.BytesIO()))
    (thread := threading.Thread(target=write, args=(b"row\n",))).start()
    thread.join()
    assert buffer.getvalue() == b"row\n"
