"""A real server that several tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import RunningServer


@pytest.fixture(scope="package")
def server(tiny_bundle: Path) -> Iterator[RunningServer]:
    """One process with everything at its default; tests leave it as they found it."""
    with RunningServer(tiny_bundle) as running:
        yield running
