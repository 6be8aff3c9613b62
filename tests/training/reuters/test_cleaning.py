"""Texts without a topic that read like those with one are found; the others stay."""

import numpy as np
import pytest

from training.headlines.samples import Sample
from training.reuters.cleaning import mislabelled

OIL, FILM = ("oil", "crude", "opec", "barrel", "price"), ("film", "star", "prize", "stage", "song")


def samples(words: tuple[str, ...], count: int, labels: tuple[int, ...], first: int) -> list[Sample]:
    rng = np.random.default_rng(first)
    return [Sample(tuple(rng.choice(words, 3)), labels, first + number) for number in range(count)]


INSIDE = samples(OIL, 60, (16,), 0)
WRONG = samples(OIL, 5, (), 1_000)
OUTSIDE = [*samples(FILM, 60, (), 2_000), *WRONG]


def test_texts_that_read_like_those_with_a_topic_are_found() -> None:
    assert mislabelled(INSIDE, OUTSIDE, 20, -0.3) == {sample.source for sample in WRONG}


def test_a_source_is_judged_by_a_model_that_has_not_seen_any_of_its_texts() -> None:
    """Its own words, which are in both of its texts, would otherwise tell that it was labelled as outside."""
    title = Sample(("oil", "crude", "opec", *(f"own{number}" for number in range(20))), (), 1_500)
    assert 1_500 in mislabelled(INSIDE, [*OUTSIDE, title, title], 30, 0.0)


def test_a_source_is_judged_by_all_its_texts() -> None:
    film = Sample(("film", "star", "song", "prize", "stage"), (), 1_000)
    assert 1_000 not in mislabelled(INSIDE, [*OUTSIDE, film, film], 20, -0.3)


@pytest.mark.parametrize("texts", [1, 4])
def test_the_score_of_a_source_does_not_grow_with_the_number_of_its_texts(texts: int) -> None:
    oil = [Sample(("oil", "crude", "price"), (), 3_000)] * texts
    assert 3_000 in mislabelled(INSIDE, [*OUTSIDE, *oil], 20, -0.3)
    assert 3_000 not in mislabelled(INSIDE, [*OUTSIDE, *oil], 20, -1.5)


def test_only_the_first_words_of_a_text_are_read() -> None:
    long = Sample(("film", "star", "song", *["oil", "crude", "opec"] * 20), (), 3_000)
    assert 3_000 not in mislabelled(INSIDE, [*OUTSIDE, long], 3, -0.3)
    assert 3_000 in mislabelled(INSIDE, [*OUTSIDE, long], 63, 0.0)


def test_nothing_is_left_out_below_any_score() -> None:
    assert mislabelled(INSIDE, OUTSIDE, 20, -100.0) == set()
