"""Where the real data is, for the tests that prove something on it; they skip, saying so, where it is absent."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("TOPICS_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
ARCHIVE = DATA / "reuters21578.tar.gz"

needs_data = pytest.mark.skipif(
    not (DATA / "keras" / "reuters.npz").exists() or not ARCHIVE.exists(),
    reason=f"no real data in {DATA}; TOPICS_TEST_DATA names another folder",
)
