"""LogStream: unread lines do not block the process; with a real service: tests/operation/test_logs.py."""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.telemetry import log_stream
from app.telemetry.log_stream import LogStream, non_blocking
from tests.server import ROOT


def notice(lines: int) -> str:
    return f"dropped {lines}\n"


class Pipe:
    """A pipe whose writing end is a LogStream."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self.stream = LogStream(self.writing, "utf-8", notice)

    def read(self) -> list[str]:
        """All lines until the pipe is empty."""
        parts = []
        fcntl.fcntl(self.reading, fcntl.F_SETFL, os.O_NONBLOCK)
        due = time.monotonic() + 30
        while time.monotonic() < due:
            drained = self.stream.drain(0.001)
            try:
                parts.append(os.read(self.reading, 1 << 20))
            except BlockingIOError:
                if drained:
                    break
        return b"".join(parts).decode().splitlines()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    one = Pipe()
    yield one
    one.stream._descriptor = -1  # the thread lives as long as the process
    for descriptor in (one.reading, one.writing):
        os.close(descriptor)


def test_lines_come_out_in_order_and_whole(pipe: Pipe):
    for number in range(5000):
        pipe.stream.write(f"{number}\n")
    assert pipe.read() == [str(number) for number in range(5000)]
    assert pipe.stream.dropped == 0


def test_writes_pause_although_lines_keep_coming(pipe: Pipe, monkeypatch: pytest.MonkeyPatch):
    write, written = os.write, []

    def slow(descriptor: int, data: bytes) -> int:
        time.sleep(0.005)  # lines come in the meantime
        written.append(len(data))
        return write(descriptor, data)

    monkeypatch.setattr(log_stream.os, "write", slow)
    began = time.monotonic()
    while time.monotonic() < began + 0.5:
        pipe.stream.write("line\n")
        time.sleep(0.001)
    assert 1 <= len(written) <= (time.monotonic() - began) / log_stream.GATHER_SECONDS
    assert pipe.stream.drain(5)


def test_full_pipe_drops_lines_and_reports_their_number_when_it_is_read_again(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(log_stream, "CAPACITY", 100_000)
    line = "x" * 999 + "\n"
    began = time.monotonic()
    for _ in range(1000):
        pipe.stream.write(line)
    assert time.monotonic() - began < 5
    assert 700 < pipe.stream.dropped < 1000
    assert not pipe.stream.drain(0.05)
    read = pipe.read()
    dropped = pipe.stream.dropped
    assert read.count(line[:-1]) == 1000 - dropped
    assert [one for one in read if one != line[:-1]] == [f"dropped {dropped}"]
    pipe.stream.write("after\n")
    assert pipe.stream.drain(5)
    assert os.read(pipe.reading, 100) == b"after\n"


def test_closed_pipe_drops_lines_without_an_exception(pipe: Pipe):
    os.close(pipe.reading)
    pipe.stream.write("one\ntwo\n")
    assert pipe.stream.drain(5)
    assert pipe.stream.dropped == 2
    pipe.reading = os.open(os.devnull, os.O_RDONLY)  # for the fixture


def test_full_disk_costs_lines_and_what_was_torn_ends_before_the_next(pipe: Pipe, monkeypatch: pytest.MonkeyPatch):
    write, room = os.write, [4]

    def write_while_there_is_room(descriptor: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        done = write(descriptor, data[: room[0]])
        room[0] -= done
        return done

    monkeypatch.setattr(log_stream.os, "write", write_while_there_is_room)
    for text in ("whole\nnever\n", "nor this\n"):
        pipe.stream.write(text)
        assert pipe.stream.drain(5)
    assert pipe.stream.dropped == 3
    room[0] = 1000
    pipe.stream.write("again\n")
    assert pipe.read() == ["whol", "again", "dropped 3"]


def test_non_blocking_output_is_waited_for(pipe: Pipe):
    fcntl.fcntl(pipe.writing, fcntl.F_SETFL, os.O_NONBLOCK)
    line = "x" * 999
    for _ in range(300):
        pipe.stream.write(line + "\n")
    time.sleep(0.05)  # the pipe takes 64 KiB; a write that gives up would have by now
    assert pipe.read() == [line] * 300


def test_characters_that_the_encoding_lacks_are_escaped(pipe: Pipe):
    ascii_stream = LogStream(pipe.writing, "ascii", notice)
    ascii_stream.write("h\u00e9 \ud800\n")
    assert ascii_stream.drain(5)
    pipe.stream.write("\ud800\n")
    assert pipe.read() == ["h\\xe9 \\ud800", "\\ud800"]


def test_signal_handler_may_write_while_its_thread_writes(pipe: Pipe):
    """A signal handler runs between any two steps of the thread, also while it holds the lock."""
    done = threading.Event()

    def handle(*_: object) -> None:
        pipe.stream.write("signal\n")

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        reader = threading.Thread(target=lambda: (os.read(pipe.reading, 1 << 20), done.set()))
        reader.start()
        for _ in range(2000):
            pipe.stream.write("line\n")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        reader.join(5)
    assert done.is_set()
    lines = pipe.read()
    assert set(lines) <= {"line", "signal"}


def test_without_a_thread_text_is_written_if_nothing_waits(pipe: Pipe, monkeypatch: pytest.MonkeyPatch):
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    for _ in range(100):
        pipe.stream.write("x" * 999 + "\n")
    assert len(pipe.read()) >= 60


@pytest.mark.parametrize("make", [lambda: None, lambda: sys.__stdin__])
def test_only_stdout_and_stderr_are_replaced(make: Callable[[], object]):
    file = make()
    replaced = non_blocking(file, notice)  # type: ignore[arg-type]
    assert replaced.write("gone\n") == 5 if file is None else replaced is file


def run(code: str, stdout: int, **environment: str) -> subprocess.Popen[str]:
    """Run Python with `config` applied, in a subprocess."""
    code = (
        f"import logging.config, sys\nfrom app.telemetry import logs\nlogging.config.dictConfig(logs.config())\n{code}"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


LAST_WORDS = "logging.getLogger('app').info('last words'); print('h\\u00e9'); sys.exit(3)"


def test_last_lines_before_the_exit_are_not_lost():
    process = run(LAST_WORDS, subprocess.PIPE, PYTHONIOENCODING="ascii")
    out, err = process.communicate(timeout=30)
    first, second = out.splitlines()
    assert json.loads(first)["event"] == "last words"
    assert (second, err, process.returncode) == ("h\\xe9", "", 3)


def test_exit_does_not_wait_for_a_reader_and_keeps_its_status():
    reading, writing = os.pipe()
    process = run(f"print('x' * 1_000_000); {LAST_WORDS}", writing)
    try:
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
        os.close(reading)
        os.close(writing)
    assert (err, process.returncode) == ("", 3)


@pytest.mark.parametrize("mode", ["full disk", "closed pipe", "closed"])
def test_stdout_that_takes_nothing_changes_neither_status_nor_stderr(mode: str):
    reading, writing = os.pipe()
    os.close(reading)
    with Path("/dev/full").open("wb") as full:
        process = run(
            LAST_WORDS if mode != "closed" else f"import os; os.close(1); {LAST_WORDS}",
            full.fileno() if mode == "full disk" else writing,
        )
        os.close(writing)
        _, err = process.communicate(timeout=30)
    assert (err, process.returncode) == ("", 3)


def test_lines_of_two_processes_do_not_mix_however_long_they_are():
    code = "\nfor _ in range(10): print({!r} * 200_000)\nprint('started', file=sys.stderr)"
    reading, writing = os.pipe()
    processes = [run(code.format(letter), writing) for letter in "ab"]
    os.close(writing)
    for process in processes:  # both wait in the middle of a line
        assert process.stderr is not None
        assert process.stderr.readline() == "started\n"
    with os.fdopen(reading) as file:
        lines = file.read().splitlines()
    for process in processes:
        process.communicate(timeout=30)
    assert sorted(lines) == ["a" * 200_000] * 10 + ["b" * 200_000] * 10
