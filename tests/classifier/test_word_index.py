"""The ids of a word index: ranks, rare words, and the pieces of a word."""

import pytest

from app.classifier import BundleError
from app.classifier.manifest import EncodingSpec
from app.classifier.word_index import NO_PAIRS, RARE, TWICE, pieces, word_ids

SPEC = EncodingSpec(size=5, offset=0, start_id=None, rare_id=None, pairs=True, repeats=True)


def test_rank_begins_at_1_but_need_not_occur() -> None:
    assert word_ids(SPEC, {"oil": 2}).words == {"oil": (2, NO_PAIRS)}
    assert word_ids(SPEC, {}).words == {}
    with pytest.raises(BundleError, match="a rank is below 1"):
        word_ids(SPEC, {"oil": 2, "wheat": 0})


def test_word_without_an_id_keeps_those_of_its_pairs() -> None:
    found = word_ids(SPEC, {"oil": 1, "brent oil": 2, "brent *2": 3, "brent": 5, "wti": 6}).words
    assert found == {
        "oil": (1, NO_PAIRS),
        "brent": (RARE, {"oil": 2, TWICE: 3}),
        "wti": (RARE, NO_PAIRS),
    }


@pytest.mark.parametrize(
    ("word", "sizes", "expected"), [("o", (2, 2), ()), ("oi", (2, 2), ("oi",)), ("oil", (2, 2), ("oi", "il"))]
)
def test_pieces_are_a_tuple_however_few_they_are(word: str, sizes: tuple[int, int], expected: tuple[str, ...]) -> None:
    assert pieces(word, sizes) == expected


def test_words_with_the_same_id_share_their_entry() -> None:
    found = word_ids(SPEC, {"oil": 2, "crude": 2, "brent": 5, "wti": 6, "oil crude": 3}).words
    assert found["brent"] is found["wti"]
    assert found == {
        "oil": (2, {"crude": 3}),
        "crude": (2, NO_PAIRS),
        "brent": (RARE, NO_PAIRS),
        "wti": (RARE, NO_PAIRS),
    }
