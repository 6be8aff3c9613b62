"""Fixture: the commands with the tiny bundle."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def model(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPICS_MODEL", str(tiny_bundle))
