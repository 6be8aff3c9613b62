"""Fixture: a real server that several tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import RunningServer


@pytest.fixture(scope="package")
def server(tiny_bundle: Path) -> Iterator[RunningServer]:
    """One process with default settings; tests must not change its state."""
    with RunningServer(tiny_bundle) as running:
        yield running
