"""Fixtures that several parts of the tests share."""

from pathlib import Path

import pytest

from tests.tiny_bundle import write_tiny_bundle


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole, valid bundle of the 46 topics and 300 words, made without TensorFlow; copy it before changing it."""
    return write_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny" / "1")
