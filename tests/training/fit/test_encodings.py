import numpy as np
import pytest

from training.fit import encodings
from training.fit.encodings import choose_encoding, variants
from training.fit.sizes import FEW, FEW_A_LABEL, MANY_EPOCHS, MAX_FEATURES_OF_FEW, recipe_for
from training.headlines.recipe import Recipe
from training.headlines.samples import Sample
from training.headlines.training_set import TextKind, TrainingSet
from training.headlines.vocabulary import build_encoder

RECIPE = recipe_for(200, 2)


def compounds(count: int, seed: int) -> list[Sample]:
    """Texts of one word that no other text has; its beginning determines the label."""
    rng = np.random.default_rng(seed)
    words = [("green", "blue")[number % 2] + "".join(rng.choice(list("aeioubdgk"), 6)) for number in range(count)]
    return [Sample((word,), (number % 2,)) for number, word in enumerate(words)]


def training_set(train: list[Sample]) -> TrainingSet:
    return TrainingSet((TextKind(tuple(train), (1.0, 0.0)),), 2)


def chosen(train: list[Sample], out: list[Sample]) -> Recipe:
    return choose_encoding(RECIPE, [(training_set(train), out)], 1, lambda *_: None)


def test_variant_that_is_right_more_often_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third, *_ = variants(RECIPE, 200, 2)
    for scores, expected in (((5, 4, 4, 4, 4, 4), first), ((4, 5, 5, 3, 3, 3), second), ((5, 5, 6, 1, 2, 2), third)):
        right = iter(scores)
        monkeypatch.setattr(encodings, "_right", lambda *_, right=right: next(right))
        assert chosen([], []) == expected


def test_all_variants_read_words_that_no_row_has() -> None:
    train, out = compounds(200, 0), compounds(50, 1)
    for variant in variants(RECIPE, 200, 2):
        assert encodings._right(variant, training_set(train), out, 1) > 45


def test_words_that_occur_once_have_ids_or_pieces() -> None:
    train = compounds(40, 0)
    word = train[0].words[0]
    by_pieces, _, by_ids = (build_encoder(variant, train, (), 2)[0] for variant in variants(RECIPE, FEW, 2))
    assert by_pieces.status(word) == "rare"
    assert by_ids.status(word) == "known"
    assert by_pieces.encode("greenish").ids
    assert by_ids.encode("greenish").ids


def test_many_rows_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "MANY", 16)
    monkeypatch.setattr(encodings, "_right", lambda *_: pytest.fail("tried"))
    assert chosen(compounds(8, 0), compounds(8, 1)) == RECIPE


def test_more_is_tried_with_few_rows_or_few_rows_a_label() -> None:
    assert len(variants(RECIPE, FEW - 1, 2)) == 6
    assert len(variants(RECIPE, FEW, 2)) == 3
    assert len(variants(RECIPE, MANY_EPOCHS - 1, MANY_EPOCHS // FEW_A_LABEL)) == 4
    assert len(variants(RECIPE, MANY_EPOCHS, MANY_EPOCHS)) == 2
    assert not any(one.idf_weights or one.tfidf for one in variants(RECIPE, FEW, 2))


def test_with_few_rows_pairs_and_pieces_of_one_text_have_ids_within_the_same_number_of_features() -> None:
    train = [Sample((f"left{number}", f"right{number}"), (number % 2,)) for number in range(40)]
    tfidf = variants(RECIPE, 40, 2)[-1]
    assert tfidf.features == tfidf.pieces == MAX_FEATURES_OF_FEW / 2
    encoder, _ = build_encoder(tfidf, train, (), 2)
    assert len(encoder.encode_words(("left0", "right0")).ids) == 3
    assert encoder.encode("ft0").ids
