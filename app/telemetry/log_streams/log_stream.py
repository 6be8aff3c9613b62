"""A text stream that never blocks: a thread writes queued text, so a log reader that stops delays no request."""

import fcntl
import io
import os
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue

CAPACITY = 4 * 1024 * 1024
"""Maximum number of queued characters; further text is dropped and counted."""

GATHER_SECONDS = 0.1
"""Wait before a write, so that it takes many lines: with 50 writes per second instead of 10, 16 clients cost 6% more
CPU time. A process that is killed loses the lines of this time."""

_WRITE_CHARACTERS = 64 * 1024  # capacity of a pipe


class LogStream(io.TextIOBase):
    """A text stream over a file descriptor whose `write` never blocks, and raises no error of the file.

    Only a thread waits for the reader. O_NONBLOCK is not an option: it belongs to the open file, which the parent
    process, the shell and other workers share. Full disks and closed pipes drop lines too.
    """

    def __init__(self, descriptor: int, encoding: str, notice: Callable[[int], str]) -> None:
        """`notice`: returns the line that reports a number of dropped lines, written when writing works again."""
        self._descriptor, self._encoding, self._notice = descriptor, encoding, notice
        self.reset()

    def reset(self) -> None:
        """Discard queued text: called in a forked process, which has no thread, and whose parent writes the text."""
        self._queue: SimpleQueue[str] = SimpleQueue()
        self._lock = threading.RLock()  # reentrant: a signal handler may log while its thread is in `write`
        self._thread: threading.Thread | None = None
        self._direct = False
        """Whether text is written by its caller, because no thread can run."""
        self._accepted = self._written = 0
        """Characters that were queued, and those of them that have left the queue."""
        self._refused = self._failed = self._reported = 0
        """Lines dropped because the queue was full or a write failed, and those of them that were reported."""
        self._torn = False
        """Whether the last write ended within a line."""
        self._rest = ""
        """Text after the last line end, written with the rest of its line."""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Encoding of the replaced stream; characters that it lacks are written as escapes."""
        return self._encoding

    @property
    def dropped(self) -> int:
        """Lines dropped so far."""
        return self._refused + self._failed

    def fileno(self) -> int:
        """The file descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, text: str) -> int:
        """Queue text, preferably whole lines; it is dropped if CAPACITY characters are queued already.

        Raises:
            TypeError: it is not text. Bytes would end the thread; click tries whether a stream takes them.
        """
        if not isinstance(text, str):
            raise TypeError(f"write() takes text, not {type(text).__name__}")
        with self._lock:
            waiting = self._accepted - self._written
            if waiting and waiting + len(text) > CAPACITY:
                self._refused += _lines(text)
                return len(text)
            self._accepted += len(text)
            if self._thread is None and not self._direct:
                self._start()
        if self._direct:
            self._write_if_ready(text)
        else:
            self._queue.put(text)
        return len(text)

    def drain(self, seconds: float) -> bool:
        """Wait until everything queued has been written; False if that takes longer than `seconds`."""
        due = time.monotonic() + seconds
        while self._written < self._accepted:
            if time.monotonic() >= due:
                return False
            time.sleep(GATHER_SECONDS / 20)
        return True

    def end(self) -> None:
        """Called when the interpreter ends and stops threads: from now on, write directly if the queue is empty."""
        self._direct = self._written == self._accepted
        if self._direct:
            self._write_if_ready(self._rest)

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name=f"log-{self._descriptor}", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # no thread can be started: limit of processes reached, or the interpreter is ending
            self._direct = True

    def _run(self) -> None:
        while True:
            pieces = [self._queue.get()]
            time.sleep(GATHER_SECONDS)
            while pieces:
                size = sum(map(len, pieces))
                while size < _WRITE_CHARACTERS and not self._queue.empty():
                    pieces.append(self._queue.get())
                    size += len(pieces[-1])
                self._write_lines("".join(pieces))
                self._written += size
                # Only a backlog is written at once: as lines come during a write, the writes would never pause.
                backlog = size >= _WRITE_CHARACTERS and not self._queue.empty()
                pieces = [self._queue.get()] if backlog else []

    def _write_lines(self, text: str) -> None:
        text = self._rest + text
        end = text.rfind("\n") + 1
        self._rest = text[end:]  # `print` writes a line in two pieces, and other processes write in between
        if self._write(text[:end]) and self.dropped > self._reported:
            dropped = self.dropped
            if self._write(self._notice(dropped - self._reported)):
                self._reported = dropped

    def _write(self, text: str) -> bool:
        data = text.encode(self._encoding, "backslashreplace")
        if self._torn:
            data = b"\n" + data
        done = 0
        try:
            with _locked(self._descriptor):
                while done < len(data):
                    try:
                        done += os.write(self._descriptor, data[done:])
                    except BlockingIOError:  # another process has set O_NONBLOCK on the open file
                        _wait_writable(self._descriptor)
        except OSError:  # closed pipe, full disk
            self._failed += data.count(b"\n", done or self._torn)
            if done:
                self._torn = not data.endswith(b"\n", 0, done)
            return False
        self._torn = False
        return True

    def _write_if_ready(self, text: str) -> None:
        self._written += len(text)
        with suppress(OSError):
            if _wait_writable(self._descriptor, 0):
                data = text.encode(self._encoding, "backslashreplace")
                os.write(self._descriptor, data[: select.PIPE_BUF])  # more could block


def _lines(text: str) -> int:
    return text.count("\n") or 1


def _wait_writable(descriptor: int, milliseconds: int | None = None) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return any(event & select.POLLOUT for _, event in poll.poll(milliseconds))


@contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    """Keep other workers from writing between the pieces of a line: writes to a pipe are atomic up to 4096 bytes."""
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX)
    except OSError:  # a file that cannot be locked
        yield
        return
    try:
        yield
    finally:
        fcntl.lockf(descriptor, fcntl.LOCK_UN)
