"""A variant has the ids and the share of words out of vocabulary that encoding the text without the word gives."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.classifier import Encoder
from app.classifier.inference.leave_one_out import leave_one_out
from app.classifier.manifest import EncodingSpec

ENTRIES = (
    *("oil", "gas", "rise", "producers'", "nestle", "中", "👍", "🇫🇷", "?"),
    *("oil *2", "gas *2", "中 *2", "oil *later", "gas *later", "中 *later", "👍 *2", "👍 *later"),
    *(
        "oil gas",
        "gas oil",
        "oil oil",
        "rise oil",
        "gas rise",
        "zimbabwe oil",
        "oil zimbabwe",
        "中 oil",
        "👍 🇫🇷",
        "oil ?",
    ),
    *("re *piece", "ent *piece", "nt> *piece", "<zi *piece", "zi *piece"),
)
RARE_WORDS = ("zimbabwe", "brent")
INDEX = {entry: rank for rank, entry in enumerate([*ENTRIES, "", *RARE_WORDS], start=1) if entry}
INDEX |= {"petrol": INDEX["oil"], "diesel": INDEX["oil"], "diesel *2": INDEX["zi *piece"] + 1, "corn": INDEX["中"]}
"""`petrol`, `diesel` and `corn` share an id with another word, as the words of a cluster do."""
SIZE = len(ENTRIES) + 4
WORDS = ["oil", "gas", "rise", "producers'", "'oil'", "Nestlé", "zimbabwe", "brent", "blent", "zinc", "xx", "中", "''"]
WORDS += ["petrol", "diesel", "corn", "👍🏽", "🇫🇷", "👍🇫🇷", "oil👍", "🇩🇪", "?", "oil?!"]
SPECS = {
    "words": {"rare_id": None},
    "rare words have an id": {},
    "pairs": {"pairs": True},
    "pairs and repeats": {"pairs": True, "repeats": True},
    "lead": {"lead": 3},
    "all but pieces": {"pairs": True, "repeats": True, "lead": 3, "split_unspaced": True},
    "all but symbols and marks": {"pairs": True, "repeats": True, "lead": 3, "split_unspaced": True, "pieces": (2, 4)},
    "all": {
        "pairs": True,
        "repeats": True,
        "lead": 3,
        "split_unspaced": True,
        "pieces": (2, 4),
        "split_symbols": True,
        "split_marks": True,
    },
}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
@example("oil oil oil oil oil")
@example("oil gas rise gas gas gas")
@example("rise rise rise oil oil")
@example("petrol diesel oil rise diesel petrol")
@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
def test_variant_is_what_encoding_without_the_word_gives(spec: dict[str, object], text: str) -> None:
    encoder = Encoder(EncodingSpec.model_validate({"size": SIZE, "offset": 3} | spec), INDEX)
    words = [one.word for one in encoder.locate(text)]
    whole = {*encoder.encode_words(words).ids}
    variants = leave_one_out(encoder, words)
    assert len(variants) == len(words)
    for place, (lost, gained, oov_share) in enumerate(variants):
        without = encoder.encode_words(words[:place] + words[place + 1 :])
        assert sorted([*whole.difference(lost), *gained]) == without.ids
        assert whole.issuperset(lost)
        assert len(lost) == len({*lost})
        assert oov_share == without.oov_share


def test_each_word_is_cut_into_pieces_once(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Encoder(EncodingSpec.model_validate({"size": SIZE, **SPECS["all"]}), INDEX)
    cut: list[str] = []
    piece_ids = encoder.piece_ids
    monkeypatch.setattr(encoder, "piece_ids", lambda word: cut.append(word) or piece_ids(word))
    words = [f"brent{i:b}" for i in range(50)]
    assert len(leave_one_out(encoder, words * 2)) == 100
    assert sorted(cut) == sorted(words)
