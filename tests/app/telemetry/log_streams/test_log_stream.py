"""LogStream: unread lines do not block the process; with a real service: tests/operation/test_logs.py."""

import errno
import fcntl
import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from app.telemetry.log_streams import log_stream
from app.telemetry.log_streams.log_stream import LogStream


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


def test_bytes_are_refused_and_lose_no_line(pipe: Pipe):
    with pytest.raises(TypeError, match="takes text, not bytes"):
        pipe.stream.write(b"")  # type: ignore[arg-type]
    pipe.stream.write("line\n")
    assert pipe.read() == ["line"]


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
