"""Fixtures that several parts of the tests share."""

import os
from pathlib import Path

import hypothesis
import pytest

from tests.tiny_bundle import write_outside_bundle, write_pieces_bundle, write_tiny_bundle

TESTS = Path(__file__).parent

for _name in [name for name in os.environ if name.upper().startswith("TOPICS_")]:
    del os.environ[_name]  # the service does not start with an unknown TOPICS_ variable

# A busy machine may take longer than hypothesis' 200 ms for an example.
hypothesis.settings.register_profile("no-deadline", deadline=None)
hypothesis.settings.load_profile("no-deadline")

LONG = {"training", "ray", "operation", "page", "interop"}
"""Folders of tests/ whose files take long."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run long files first: started last, one of them would keep one process busy while the others have ended."""
    items.sort(key=lambda item: item.path.relative_to(TESTS).parts[0] not in LONG)


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
