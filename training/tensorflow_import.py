"""Imports TensorFlow without its banners."""

import os
from importlib.util import find_spec
from pathlib import Path


def ensure_tensorflow() -> None:
    """Check that TensorFlow is installed, without importing it: it takes 0.5 GB of memory, which training may need.

    Raises:
        ModuleNotFoundError: as the import would.
    """
    for name in ("tensorflow", "keras"):
        if find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def import_tensorflow() -> None:
    """Import TensorFlow, if it is not yet, without the banner that it would write over a progress bar."""
    # The banner goes to file descriptor 2 before the log level can be set; errors are exceptions and not hidden.
    stderr = os.dup(2)
    with Path(os.devnull).open("wb") as null:
        os.dup2(null.fileno(), 2)
        try:
            import keras  # noqa: F401, PLC0415 - takes seconds, which --help need not wait
            import tensorflow as tf  # noqa: F401, PLC0415
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
