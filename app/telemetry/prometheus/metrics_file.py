"""A worker's metrics file, with its disk blocks reserved: on a full disk, new metrics are left out."""

import errno
import logging
import os
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

from app.settings import SettingsError
from app.telemetry.prometheus import MULTIPROC_DIR

BYTES = 64 * 1024
"""Length of a new file, as in prometheus_client, which doubles it when it is full."""

_ENTRY_BYTES = 28
"""Maximum bytes of an entry without its key: the key's length, padding, value and time."""

logger = logging.getLogger(__name__)


class MetricsFile(MmapedDict):
    """Metrics file that `Metrics` uses instead of prometheus_client's.

    prometheus_client lacks: it sets only the length of a file, so the kernel allocates a block when it is first written
    to, and ends the process with SIGBUS if the disk or tmpfs is full. Effect: workers keep serving while a log fills
    the disk. Delete when: prometheus_client allocates the blocks of its files (decision 29).
    """

    _is_full = False
    """Whether the last new metric had no room; the warning is logged when this changes."""

    def __init__(self, filename: str) -> None:
        """Raises SettingsError if the disk has no room for the file."""
        try:
            # Somebody may have cleaned up /tmp: without the folder, no worker could be replaced any more.
            Path(filename).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with Path(filename).open("ab") as file:
                _reserve(file.fileno(), max(file.tell(), BYTES))
        except OSError as error:
            raise SettingsError(
                f"{MULTIPROC_DIR}: {filename} cannot be written ({error.strerror}); free space, or set the variable to"
                " another folder."
            ) from None
        super().__init__(filename)

    def read_value(self, key: str) -> tuple[float, float]:
        """The value and time of a metric; zeros if it has no room."""
        value: tuple[float, float] = super().read_value(key) if self._has_room(key) else (0.0, 0.0)
        return value

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        """Write a metric; nothing if it has no room. The caller keeps the value, and writes it again with the next."""
        if self._has_room(key):
            super().write_value(key, value, timestamp)

    def _has_room(self, key: str) -> bool:
        """Whether the file has the metric, or room for it."""
        if key in self._positions:
            return True
        length = self._capacity
        while length < self._used + len(key.encode()) + _ENTRY_BYTES:
            length *= 2
        try:
            if length > self._capacity:
                _reserve(self._f.fileno(), length)
        except OSError as error:
            if not self._is_full:
                logger.warning("new metrics are left out until there is room in %s (%s)", self._fname, error.strerror)
            self._is_full = True
            return False
        self._is_full = False
        return True


def rename_damaged(folder: Path) -> None:
    """Rename files that prometheus_client cannot read: they would end a starting worker, and `/metrics` would fail.

    Raises:
        SettingsError: one of them cannot be renamed.
    """
    for file in folder.glob("*.db"):
        if _is_damaged(file):
            try:
                new = file.replace(file.with_name(f"{file.name}.damaged"))
            except FileNotFoundError:  # another process has removed or renamed it
                continue
            except OSError as error:
                raise SettingsError(
                    f"{MULTIPROC_DIR}: {file} is not a metrics file and cannot be renamed ({error.strerror});"
                    " delete it."
                ) from None
            logger.warning("%s is not a metrics file and was renamed to %s", file, new.name)


def _is_damaged(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            header = opened.read(4)
        if not header:  # of a worker that was about to begin
            return False
        used = int.from_bytes(header, "little", signed=True)
        list(MultiProcessCollector.merge([str(file)]))
    except Exception:  # which one depends on the bytes
        return True
    return used < 0 or used > max(file.stat().st_size, BYTES)


def _reserve(descriptor: int, length: int) -> None:
    """Allocate the blocks of a file; raises OSError if the disk is full."""
    if not hasattr(os, "posix_fallocate"):  # macOS
        return
    try:
        os.posix_fallocate(descriptor, 0, length)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        # Otherwise the file system cannot allocate blocks in advance.
