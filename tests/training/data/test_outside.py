"""Chooses wires about none of the topics from a generated archive."""

from dataclasses import replace
from pathlib import Path

import pytest

from training.data import outside
from training.data.corpus import ArchiveWire, Wire
from training.data.outside import read_outside

PLAIN = ArchiveWire(1, "ELECTION HELD", "It was held.", "", ())
KEPT = [
    PLAIN,
    replace(PLAIN, number=2, topics=("silk",), title="SILK UP"),
    replace(PLAIN, number=3, marked="NO", title="FILM WINS PRIZE", body=None),
]
LEFT_OUT = [
    replace(PLAIN, number=4, topics=("silk", "crude")),
    replace(PLAIN, number=5, marked="BYPASS"),
    replace(PLAIN, number=6, part="TEST"),
    replace(PLAIN, number=7, part="NOT-USED"),
    replace(PLAIN, number=11, part="TEST", marked="NO"),
    replace(PLAIN, number=8, title="Oil, up!"),  # a training wire's title
    replace(PLAIN, number=9, title="Test title"),
    replace(PLAIN, number=10, body="One two " + " ".join(f"w{i}" for i in range(18)) + " but then something else"),
]
CORPUS = [
    Wire(20, "OIL UP", "One two " + " ".join(f"w{i}" for i in range(30)), "", ("crude",), 16, (16,), "train", 0),
    Wire(21, "TEST TITLE", None, "", ("crude",), 16, (16,), "test", 0),
]


@pytest.fixture(autouse=True)
def archive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "read_archive", lambda _: iter([*KEPT, *LEFT_OUT]))


def test_wires_without_a_topic_that_repeat_none_with_a_topic_are_chosen() -> None:
    assert list(read_outside(Path("archive"), CORPUS)) == KEPT


def test_test_part_is_for_measuring() -> None:
    assert [wire.number for wire in read_outside(Path("archive"), CORPUS, "TEST")] == [6]
