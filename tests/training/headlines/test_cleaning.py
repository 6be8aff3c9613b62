"""Texts without a topic that read like those with one are found; the others stay."""

import numpy as np
import pytest

from training.headlines.cleaning import mislabelled
from training.headlines.samples import Sample

OIL, FILM = ("oil", "crude", "opec", "barrel", "price"), ("film", "star", "prize", "stage", "song")


def samples(words: tuple[str, ...], count: int, labels: tuple[int, ...], first: int) -> list[Sample]:
    rng = np.random.default_rng(first)
    return [Sample(tuple(rng.choice(words, 3)), labels, first + number) for number in range(count)]


INSIDE = samples(OIL, 60, (16,), 0)
WRONG = samples(OIL, 5, (), 1_000)
OUTSIDE = [*samples(FILM, 60, (), 2_000), *WRONG]


def test_texts_that_read_like_those_with_a_topic_are_found() -> None:
    assert mislabelled(INSIDE, OUTSIDE, 20, -0.3) == {sample.source for sample in WRONG}


def test_a_source_is_judged_by_all_its_texts_and_by_their_first_words() -> None:
    body = Sample(("film", "star", "song", "prize", "stage"), (), 1_000)
    assert 1_000 not in mislabelled(INSIDE, [*OUTSIDE, body, body], 20, -0.3)
    long = Sample(("film", "star", "song", *["oil"] * 50), (), 3_000)
    assert 3_000 not in mislabelled(INSIDE, [*OUTSIDE, long], 3, -0.3)
    assert 3_000 in mislabelled(INSIDE, [*OUTSIDE, long, Sample(("oil", "crude", "price"), (), 3_000)], 20, 0.3)


@pytest.mark.parametrize("least", [-100.0])
def test_nothing_is_left_out_below_any_score(least: float) -> None:
    assert mislabelled(INSIDE, OUTSIDE, 20, least) == set()
