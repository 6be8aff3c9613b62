"""PROMETHEUS_MULTIPROC_DIR: the folder through which workers and the metrics port share metrics."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.settings import Settings, SettingsError
from app.telemetry.prometheus import MULTIPROC_DIR

_PREFIX = "topics-workers-"
"""Not `topics-metrics-`: earlier versions use folders of that name without a lock."""


def is_needed(settings: Settings) -> bool:
    """Whether several processes or threads write the metrics."""
    return settings.workers > 1 or settings.metrics_port is not None


def wrong_folder() -> str | None:
    """What is wrong with the folder that the variable names; None if it is writable or the variable is not set."""
    given = os.environ.get(MULTIPROC_DIR)
    if not given or (Path(given).is_dir() and os.access(given, os.R_OK | os.W_OK | os.X_OK)):
        return None
    return f"{MULTIPROC_DIR}: {given} is not a writable folder; create it, or unset the variable."


@contextmanager
def metrics_folder(needed: bool) -> Iterator[None]:
    """Set the variable to a temporary folder while serving, if one is needed and the variable is not yet set.

    Raises:
        SettingsError: no temporary folder can be created.
    """
    if os.environ.get(MULTIPROC_DIR):
        yield
        return
    os.environ.pop(MULTIPROC_DIR, None)  # prometheus_client would take an empty value for a folder
    if not needed:
        yield
        return
    try:
        _remove_abandoned(Path(tempfile.gettempdir()))
        # Not a TemporaryDirectory: forked workers would remove it when they end.
        made = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}"))
        lock = _lock(made)
        folder = made.rename(made.with_name(made.name[1:]))  # only now may another service check if it is abandoned
    except OSError as error:
        raise SettingsError(
            f"{MULTIPROC_DIR}: no temporary folder can be created ({error.strerror}); set it to a writable folder."
        ) from None
    os.environ[MULTIPROC_DIR] = str(folder)
    try:
        yield
    finally:
        del os.environ[MULTIPROC_DIR]
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _lock(folder: Path) -> int:
    """Lock a folder while this process or a forked worker runs; returns its file descriptor.

    systemd-tmpfiles, which deletes old files from /tmp, leaves out folders with such a lock.

    Raises:
        BlockingIOError: another process has locked it.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _remove_abandoned(parent: Path) -> None:
    """Remove the folders of services that were killed.

    In a pod, they would fill its volume, which outlives containers that are killed, for example for lack of memory.
    """
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # locked, so its service is running; or removed in the meantime
            if folder.stat(follow_symlinks=False).st_uid == os.geteuid():
                descriptor = _lock(folder)
                shutil.rmtree(folder, ignore_errors=True)
                os.close(descriptor)
