"""The folder of the Reuters data for tests that need it; they skip with a reason if it is missing."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("REUTERS_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
ARCHIVE = DATA / "reuters21578.tar.gz"

needs_data = pytest.mark.skipif(
    not (DATA / "keras" / "reuters.npz").exists() or not ARCHIVE.exists(),
    reason=f"no real data in {DATA}; REUTERS_TEST_DATA names another folder",
)
