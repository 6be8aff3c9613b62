from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from training.fit import encodings, sizes
from training.fit.encodings import CLUSTER_SHARE, GROUP_SHARE, LOWER_C, RARE_WEIGHT, choose_encoding, variants
from training.fit.sizes import (
    CROSS_FITTED,
    FEW,
    FEW_A_LABEL,
    MANY_EPOCHS,
    MAX_CHOICE_WORK,
    MAX_FEATURES_OF_FEW,
    recipe_for,
)
from training.headlines.clusters.cluster_list import Cluster
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


def right_rows(recipe: Recipe, training: TrainingSet, out: list[Sample]) -> NDArray[np.bool_]:
    """Whether an SVM with this encoding is right about each held-out row: bool [n]."""
    return encodings._right(recipe, training, out, encodings._encode(recipe, training, out), 1)


def answers(right: int) -> NDArray[np.bool_]:
    """For 40 rows, of which the first are right."""
    return np.arange(40) < right


def test_variant_that_is_right_more_often_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third, *_ = variants(RECIPE, 200, 100, 2)
    for scores, expected in (
        ((5, 4, 4, 4, 4, 4, 4), first),
        ((4, 5, 5, 3, 3, 3, 3), second),
        ((5, 5, 6, 1, 2, 2, 2), third),
    ):
        right = iter([*scores, max(scores), max(scores)])  # also with other weights, and with a lower C
        monkeypatch.setattr(encodings, "_right", lambda *_, right=right: answers(next(right)))
        assert chosen(compounds(8, 0), compounds(8, 1)) == expected
        assert not list(right)


@pytest.mark.parametrize(("words", "more", "lead"), [(30, 9, 30), (31, 1, 30), (31, 2, None)])
def test_long_texts_have_no_lead_if_more_than_one_row_is_gained(
    monkeypatch: pytest.MonkeyPatch, words: int, more: int, lead: int | None
) -> None:
    monkeypatch.setattr(encodings, "_right", lambda variant, *_: answers(20 + more * (variant.lead is None)))
    texts = [Sample(("green",) * words, (number % 2,)) for number in range(2)] + compounds(6, 0)
    assert chosen(texts, []) == replace(RECIPE, lead=lead)


@pytest.mark.parametrize(("more", "weighted"), [(0, False), (1, False), (2, True)])
def test_weights_by_idf_are_chosen_if_more_than_one_row_of_a_few_is_gained(
    monkeypatch: pytest.MonkeyPatch, more: int, weighted: bool
) -> None:
    def right(variant: Recipe, *_: object) -> NDArray[np.bool_]:
        if variant.piece_sizes != RECIPE.piece_sizes or variant.pieces_of != "rare":
            return answers(0)
        return answers(20 + more * (variant.feature_weights == "tfidf"))

    monkeypatch.setattr(encodings, "_right", right)
    assert (chosen(compounds(8, 0), compounds(8, 1)).feature_weights == "tfidf") == weighted


@pytest.mark.parametrize(("more", "with_clusters"), [(0, False), (1, False), (2, True)])
def test_clusters_are_chosen_if_more_than_one_row_of_a_few_is_gained(
    monkeypatch: pytest.MonkeyPatch, more: int, with_clusters: bool
) -> None:
    def right(variant: Recipe, *_: object) -> NDArray[np.bool_]:
        return answers(20 + more * bool(variant.cluster_share) + 5 * (variant.feature_weights == "tfidf"))

    monkeypatch.setattr(encodings, "_right", right)
    train, out = compounds(8, 0), compounds(8, 1)
    clustered = replace(training_set(train), clusters=(Cluster(("green",), (1,)), Cluster(("blue",), (1,))))
    best = choose_encoding(RECIPE, [(clustered, out)], 1, lambda *_: None)
    assert (best.cluster_share, best.group_share) == ((CLUSTER_SHARE, GROUP_SHARE) if with_clusters else (0, 0))
    assert best.features == chosen(train, out).features + 2 * with_clusters
    assert best.feature_weights == "tfidf"


def test_weights_by_idf_must_improve_the_variant_with_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    def right(variant: Recipe, *_: object) -> NDArray[np.bool_]:
        return answers(20 + 10 * bool(variant.cluster_share) - 3 * (variant.feature_weights == "tfidf"))

    monkeypatch.setattr(encodings, "_right", right)
    clustered = replace(training_set(compounds(8, 0)), clusters=(Cluster(("green",), (1,)),))
    steps: list[tuple[int, int]] = []
    parts = [(clustered, compounds(8, 1))]
    best = choose_encoding(RECIPE, parts, 1, lambda _, done, of, __: steps.append((done, of)))
    assert best.cluster_share
    assert best.feature_weights == "ratio"
    assert steps == [(done, 10) for done in range(10)]  # seven variants, clusters, weights, a lower C


def test_word_that_no_training_row_has_counts_as_others_of_its_cluster() -> None:
    animals, fruit = ("lion", "tiger", "panther", "leopard"), ("apple", "pear", "plum", "cherry")
    train = [Sample((word,), (label,)) for label, words in enumerate((animals, fruit)) for word in words[:3]] * 4
    out = [Sample(("leopard",), (0,)), Sample(("cherry",), (1,))] * 5
    clustered = replace(training_set(train), clusters=(Cluster(animals, (1,)), Cluster(fruit, (2,))))
    best = choose_encoding(RECIPE, [(clustered, out)], 1, lambda *_: None)
    assert best.cluster_share
    assert right_rows(best, clustered, out).all()


@pytest.mark.parametrize("of_svm", [{"linear_c": LOWER_C}, {"rare_weight": RARE_WEIGHT}, {"feature_weights": "tfidf"}])
def test_what_changes_the_svm_alone_is_tried_on_the_same_rows(of_svm: dict[str, Any]) -> None:
    part = training_set(compounds(8, 0)), compounds(8, 1)
    before, after = (encodings._encode(recipe, *part) for recipe in (RECIPE, replace(RECIPE, **of_svm)))
    for name in ("train", "out", "expansion"):
        np.testing.assert_array_equal(getattr(after, name).toarray(), getattr(before, name).toarray())


def test_rows_are_encoded_once_for_changes_of_the_svm_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    encode, encoded = encodings._encode, []
    monkeypatch.setattr(encodings, "_encode", lambda recipe, *part: [encoded.append(recipe), encode(recipe, *part)][1])
    monkeypatch.setattr(encodings, "_right", lambda variant, *_: answers(5 * (variant == RECIPE)))
    uneven = [*compounds(8, 0), *compounds(16, 2)[::2]]  # so that a higher C of the rarer label is tried, too
    assert chosen(uneven, compounds(8, 1)) == RECIPE
    tried = variants(RECIPE, 24, 12, 2)
    assert tried[-1] == replace(tried[-2], linear_c=LOWER_C)
    assert len(encoded) == len(tried)  # those of `tried` but the last, then the best again with other weights


def test_each_part_is_encoded_with_its_own_vocabulary(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [(training_set(compounds(8, seed)), compounds(8, seed + 1)) for seed in (0, 2)]
    monkeypatch.setattr(encodings, "_encode", lambda _, *part: part)
    found = []

    def right(_: Recipe, *part_encoded_seed: Any) -> NDArray[np.bool_]:
        training, out, encoded, _ = part_encoded_seed
        found.append(encoded[0] is training and encoded[1] is out)
        return answers(1)

    monkeypatch.setattr(encodings, "_right", right)
    choose_encoding(RECIPE, parts, 1, lambda *_: None)
    assert len(found) > 2
    assert all(found)


def test_all_variants_read_words_that_no_row_has() -> None:
    train, out = compounds(200, 0), compounds(50, 1)
    for variant in variants(RECIPE, 200, 100, 2):
        assert right_rows(variant, training_set(train), out).sum() > 45


def test_words_that_occur_once_have_ids_or_pieces() -> None:
    train = compounds(40, 0)
    word = train[0].words[0]
    tried = variants(RECIPE, MANY_EPOCHS - 1, FEW_A_LABEL, 100)
    by_pieces, _, by_ids = (build_encoder(variant, train, (), 2)[0] for variant in tried)
    assert by_pieces.status(word) == "rare"
    assert by_ids.status(word) == "known"
    assert by_pieces.encode("greenish").ids
    assert by_ids.encode("greenish").ids


def test_of_many_rows_only_weights_are_chosen_on_some(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def right(variant: Recipe, training_set: TrainingSet, *_: object) -> NDArray[np.bool_]:
        seen.append((variant, len(training_set.kinds[0].samples)))
        return answers(8 * len(seen))

    monkeypatch.setattr(encodings, "MANY", 16)
    monkeypatch.setattr(sizes, "MANY_EPOCHS", 15)
    monkeypatch.setattr(encodings, "MAX_CHOICE_ROWS", 5)
    monkeypatch.setattr(encodings, "_right", right)
    weighted = replace(RECIPE, feature_weights="tfidf")
    assert chosen(compounds(8, 0), compounds(8, 1)) == weighted
    assert seen == [(RECIPE, 5), (weighted, 5)]


def test_more_is_tried_with_few_rows_or_labels_or_few_rows_a_label() -> None:
    many = MAX_CHOICE_WORK // CROSS_FITTED + 1  # labels, with which CROSS_FITTED rows take too long
    assert len(variants(RECIPE, FEW - 1, FEW_A_LABEL, many)) == 7
    assert len(variants(RECIPE, FEW, FEW_A_LABEL, many)) == 5
    assert len(variants(RECIPE, CROSS_FITTED - 1, FEW_A_LABEL, 1_000)) == 5
    assert len(variants(RECIPE, CROSS_FITTED, FEW_A_LABEL, many)) == 3
    assert len(variants(RECIPE, CROSS_FITTED, FEW_A_LABEL, many - 1)) == 5
    assert len(variants(RECIPE, MANY_EPOCHS - 1, FEW_A_LABEL - 1, 1_000)) == 5
    assert len(variants(RECIPE, MANY_EPOCHS, 1, 2)) == 2
    *_, tfidf, of_lower_c = variants(RECIPE, CROSS_FITTED, FEW_A_LABEL, many - 1)
    assert (tfidf.feature_weights, tfidf.linear_c) == ("tfidf", 1)
    assert of_lower_c == replace(tfidf, linear_c=LOWER_C)
    assert {one.feature_weights for one in variants(RECIPE, CROSS_FITTED, FEW_A_LABEL, many)} == {"ratio"}


@pytest.mark.parametrize(("best", "expected"), [(1, 1), (0.3, 0.3), (0.09, 0.09)])
def test_c_is_lowered_as_long_as_more_rows_are_right(
    monkeypatch: pytest.MonkeyPatch, best: float, expected: float
) -> None:
    seen = []

    def right(variant: Recipe, *_: object) -> NDArray[np.bool_]:
        seen.append(variant.linear_c)
        steps = round(np.log(variant.linear_c / best) / np.log(LOWER_C))  # below 0: C is still too high
        return answers(
            0 if variant.piece_sizes != RECIPE.piece_sizes or variant.pieces_of == "all" else 30 - 5 * abs(steps)
        )

    monkeypatch.setattr(encodings, "_right", right)
    assert chosen(compounds(8, 0), compounds(8, 1)).linear_c == pytest.approx(expected)
    assert min(seen) == pytest.approx(best * LOWER_C)


@pytest.mark.parametrize(("of_lower_c", "lowered"), [(26, False), (28, True)])
def test_lower_c_must_improve_the_variant_with_weights_by_idf(
    monkeypatch: pytest.MonkeyPatch, of_lower_c: int, lowered: bool
) -> None:
    def right(variant: Recipe, *_: object) -> NDArray[np.bool_]:
        if variant.pieces_of == "all" or variant.feature_weights != "tfidf":
            return answers(20)
        return answers({1: 26, LOWER_C: of_lower_c}.get(variant.linear_c, 0))

    monkeypatch.setattr(encodings, "_right", right)
    best = chosen(compounds(8, 0), compounds(8, 1))
    assert (best.feature_weights, best.linear_c) == ("tfidf", LOWER_C if lowered else 1)


def test_progress_stays_within_its_end_however_often_c_is_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "_right", lambda variant, *_: answers(round(20 - 4 * np.log(variant.linear_c))))
    steps: list[tuple[int, int]] = []
    parts = [(training_set(compounds(8, 0)), compounds(8, 1))]
    best = choose_encoding(RECIPE, parts, 1, lambda _, done, of, __: steps.append((done, of)))
    assert best.linear_c < LOWER_C**3
    assert max(done for done, _ in steps) == 8
    assert {of for _, of in steps} == {9}


@pytest.mark.parametrize(
    ("rows", "weighted_right", "weighted"),
    [((6, 3), 19, True), ((6, 3), 18, False), ((5, 3), 20, False)],  # the last labels are nearly as frequent
)
def test_rows_of_rare_labels_weigh_more_unless_clearly_fewer_rows_are_right_then(
    monkeypatch: pytest.MonkeyPatch, rows: tuple[int, int], weighted_right: int, weighted: bool
) -> None:
    monkeypatch.setattr(encodings, "_right", lambda variant, *_: answers(weighted_right if variant.rare_weight else 20))
    uneven = [Sample((f"green{label}{row}",), (label,)) for label, count in enumerate(rows) for row in range(count)]
    steps = set()
    best = choose_encoding(RECIPE, [(training_set(uneven), [])], 1, lambda _, __, of, ___: steps.add(of))
    assert best == (replace(RECIPE, rare_weight=RARE_WEIGHT) if weighted else RECIPE)
    assert steps == {10 if rows == (6, 3) else 9}  # seven encodings, weights by idf, a lower C, and rare labels


def test_rows_weigh_alike_if_they_may_have_several_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "_right", lambda *_: answers(20))
    several = replace(training_set([Sample(("green",), (0,)), *[Sample(("blue",), (1,))] * 7]), multi_label=True)
    assert choose_encoding(RECIPE, [(several, [])], 1, lambda *_: None) == RECIPE


def test_no_variant_is_tried_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def right(variant: Recipe, *_: object) -> NDArray[np.bool_]:
        seen.append(variant)
        return answers(20 + 5 * (variant.feature_weights == "tfidf" and variant.min_pair_texts == 1))

    monkeypatch.setattr(encodings, "_right", right)
    assert chosen(compounds(8, 0), compounds(8, 1)) == seen[-2]
    assert seen[-1] == replace(seen[-2], linear_c=LOWER_C)
    assert len(seen) == len(set(seen)) == 7


def test_c_is_not_lowered_with_many_rows_times_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    def right(variant: Recipe, *_: object) -> NDArray[np.bool_]:
        return answers(20 + 10 * (variant.linear_c < 1 and variant.min_pair_texts > 1))

    monkeypatch.setattr(encodings, "_right", right)
    monkeypatch.setattr(sizes, "MAX_CHOICE_WORK", 16 * 2)
    assert chosen(compounds(8, 0), compounds(8, 1)).linear_c < 1
    monkeypatch.setattr(sizes, "MAX_CHOICE_WORK", 16 * 2 - 1)
    assert chosen(compounds(8, 0), compounds(8, 1)).linear_c == 1


def test_with_few_rows_pairs_and_pieces_of_one_text_have_ids_within_the_same_number_of_features() -> None:
    train = [Sample((f"left{number}", f"right{number}"), (number % 2,)) for number in range(40)]
    tfidf = variants(RECIPE, 40, 20, 2)[-1]
    assert tfidf.features == tfidf.pieces == MAX_FEATURES_OF_FEW / 2
    encoder, _ = build_encoder(tfidf, train, (), 2)
    assert len(encoder.encode_words(("left0", "right0")).ids) == 3
    assert encoder.encode("ft0").ids


@pytest.mark.parametrize(("rare", "tried"), [(FEW_A_LABEL - 1, True), (FEW_A_LABEL, False)])
def test_rows_of_most_labels_decide_and_not_their_mean(monkeypatch: pytest.MonkeyPatch, rare: int, tried: bool) -> None:
    seen = []

    def right(variant: Recipe, *_: object) -> NDArray[np.bool_]:
        seen.append(variant)
        return answers(0)

    monkeypatch.setattr(encodings, "_right", right)
    monkeypatch.setattr(sizes, "MAX_CHOICE_WORK", 0)
    samples = [
        Sample(("word",), (label,)) for label, rows in ((0, CROSS_FITTED), (1, rare), (2, rare)) for _ in range(rows)
    ]
    train = TrainingSet((TextKind(tuple(samples), (1.0, 0.0)),), 3)
    choose_encoding(recipe_for(len(samples), 3), [(train, [])], 1, lambda *_: None)
    assert any(variant.feature_weights == "tfidf" and variant.min_pair_texts == 1 for variant in seen) == tried
