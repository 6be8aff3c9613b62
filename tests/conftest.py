"""Fixtures that several parts of the tests share."""

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.tiny_bundle import write_outside_bundle, write_pieces_bundle, write_tiny_bundle

TESTS = Path(__file__).parent

for _name in [name for name in os.environ if name.upper().startswith("TOPICS_")]:
    del os.environ[_name]  # the service does not start with an unknown TOPICS_ variable

# A shell starts background jobs with Ctrl-C ignored, and the processes that tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine may take longer than hypothesis' 200 ms for an example.
hypothesis.settings.register_profile("no-deadline", deadline=None)
hypothesis.settings.load_profile("no-deadline")

FIRST = ("ray/test_serve.py", "interop", "operation", "page", "ray", "training")
"""Folders and files of tests/ that take long; Ray's two files are apart, because two clusters at once start slowly."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Hide from the garbage collector what is imported and collected: a million objects, most of a second each time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run long files first: started last, one of them would keep one process busy while the others have ended."""

    def rank(item: pytest.Item) -> int:
        path = item.path.relative_to(TESTS)
        return next((place for place, first in enumerate(FIRST) if path.is_relative_to(first)), len(FIRST))

    items.sort(key=rank)


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete, valid bundle of 46 topics and 300 words, made without TensorFlow; copy it before changing it."""
    return write_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny" / "1")


@pytest.fixture(scope="session")
def outside_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny bundle with an outside class; copy it before changing it."""
    return write_outside_bundle(tmp_path_factory.mktemp("models") / "outside" / "1")


@pytest.fixture(scope="session")
def pieces_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny bundle with pieces of words, and Chinese characters as words; copy it before changing it."""
    return write_pieces_bundle(tmp_path_factory.mktemp("models") / "pieces" / "1")
