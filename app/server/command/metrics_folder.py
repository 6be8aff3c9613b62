"""PROMETHEUS_MULTIPROC_DIR: the folder through which workers and the metrics port share metrics."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.settings import Settings, SettingsError
from app.telemetry.prometheus import MULTIPROC_DIR


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
        # Not a TemporaryDirectory: forked workers would remove it when they end.
        os.environ[MULTIPROC_DIR] = folder = tempfile.mkdtemp(prefix="topics-metrics-")
    except OSError as error:
        raise SettingsError(
            f"{MULTIPROC_DIR}: no temporary folder can be created ({error.strerror}); set it to a writable folder."
        ) from None
    try:
        yield
    finally:
        del os.environ[MULTIPROC_DIR]
        shutil.rmtree(folder, ignore_errors=True)
