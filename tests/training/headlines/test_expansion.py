from collections import Counter

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.classifier.word_index import PIECE
from training.headlines.clusters.cluster_list import Cluster
from training.headlines.expansion import char_ngrams, feature_expansion
from training.headlines.recipe import Recipe

WORDS = st.lists(st.text("abc", min_size=1, max_size=5), unique=True, max_size=8)
RECIPES = st.builds(
    Recipe,
    piece_sizes=st.sampled_from([(2, 3), (3, 4)]),
    pieces_of=st.sampled_from(["all", "rare"]),
    piece_share=st.sampled_from([None, 0.7]),
    piece_weight=st.sampled_from([0.25, 1.0]),
    min_piece_words=st.integers(1, 3),
)
WORD_INDEX = {"refine": 1, "refinery": 2, "oil": 3, "oil *2": 4, "oil refinery": 5, "rare": 6}


def test_ngrams_mark_where_a_word_begins_and_ends() -> None:
    assert char_ngrams("oil") == ["<oi", "oil", "il>", "<oil", "oil>"]
    assert char_ngrams("us") == ["<us", "us>", "<us>"]
    assert char_ngrams("u") == []


def test_words_share_ngrams_and_pairs_and_repeats_have_none() -> None:
    matrix = feature_expansion(WORD_INDEX, 6, Recipe(piece_share=0.5, min_piece_words=2))
    np.testing.assert_array_equal(matrix[:, :6].toarray(), np.eye(6))
    shared = matrix[:, 6:].toarray()
    np.testing.assert_allclose(np.linalg.norm(shared, axis=1), [0, 0.5, 0.5, 0, 0, 0])  # `oil` shares none
    assert np.all((shared[1] > 0) == (shared[2] > 0))


def counted_by_names(words: list[str], parts: list[str], recipe: Recipe) -> NDArray[np.float32]:
    """The expansion, dense, of words and pieces that have the ids from 1."""
    ngrams = [char_ngrams(word, recipe.piece_sizes if parts else (3, 4)) for word in words]
    counts = Counter(ngram for of_word in ngrams for ngram in of_word)
    columns = list(dict.fromkeys([*(one for one in counts if counts[one] >= recipe.min_piece_words), *parts]))
    size = 1 + len(words) + len(parts)
    matrix = np.zeros((size, size + len(columns)), np.float32)
    np.fill_diagonal(matrix, 1)
    for row, of_word in enumerate(ngrams, start=1):
        kept = [size + columns.index(ngram) for ngram in of_word if ngram in columns]
        matrix[row, kept] = (
            recipe.piece_weight if recipe.piece_share is None else recipe.piece_share / max(len(kept), 1) ** 0.5
        )
    for row, piece in enumerate(parts, start=1 + len(words)):
        matrix[row, row] = recipe.piece_weight if recipe.pieces_of == "rare" else 0
        matrix[row, size + columns.index(piece)] = recipe.piece_weight
    return matrix


@given(WORDS, st.lists(st.text("abc<>", min_size=2, max_size=4), unique=True, max_size=6), RECIPES)
def test_expansion_is_that_of_a_count_by_names(words: list[str], parts: list[str], recipe: Recipe) -> None:
    entries = [*words, *(f"{piece} {PIECE}" for piece in parts)]
    index = {entry: rank for rank, entry in enumerate([*entries, "cab abc", "rarely"], start=1)}
    matrix = feature_expansion(index, len(entries) + 1, recipe)
    np.testing.assert_array_equal(matrix.toarray(), counted_by_names(words, parts, recipe))


def test_folded_kernel_equals_the_network_on_expanded_rows() -> None:
    matrix = feature_expansion(WORD_INDEX, 6, Recipe(piece_share=0.5, min_piece_words=1))
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(matrix.shape[1], 3))
    rows = sp.csr_matrix((rng.random((4, 6)) < 0.5).astype(float))
    np.testing.assert_allclose(rows @ (matrix @ kernel), (rows @ matrix) @ kernel)


def test_piece_learns_from_the_words_that_have_it_and_by_itself() -> None:
    index = {"refine": 1, "refinery": 2, "refi *piece": 3, "xy *piece": 4, "rare": 5}
    matrix = feature_expansion(index, 5, Recipe(min_piece_words=2, piece_weight=0.25, piece_sizes=(2, 4))).toarray()
    own, shared = matrix[:, :5], matrix[:, 5:]
    np.testing.assert_allclose(np.diag(own), [1, 1, 1, 0.25, 0.25])
    assert shared[3].max() == shared[4].max() == 0.25
    assert np.count_nonzero(shared[3]) == np.count_nonzero(shared[4]) == 1
    place = shared[3].argmax()
    assert shared[1, place] > 0
    assert shared[2, place] > 0
    assert not shared[:4, shared[4].argmax()].any()  # no word has it


def test_lengths_of_ngrams_are_those_of_the_pieces_if_there_are_any() -> None:
    index, recipe = {"up": 1, "ups": 2}, Recipe(min_piece_words=2, piece_sizes=(2, 2))
    assert feature_expansion(index, 3, recipe).shape == (3, 3 + len({"<up"}))
    shared = feature_expansion(index | {"up *piece": 3}, 4, recipe).toarray()[:, 4:]
    assert shared.shape == (4, len({"up"}))
    assert (shared[1:] > 0).all()


def test_piece_is_its_ngram_alone_where_training_texts_have_no_pieces() -> None:
    recipe = Recipe(min_piece_words=2, piece_weight=0.25, piece_sizes=(2, 4), pieces_of="all")
    matrix = feature_expansion({"refine": 1, "refinery": 2, "refi *piece": 3}, 4, recipe).toarray()
    assert np.diag(matrix[:, :4]).tolist() == [1, 1, 1, 0]
    assert matrix[3].max() == 0.25


def test_ngrams_weigh_as_much_as_pieces_without_a_share_for_each_word() -> None:
    recipe = Recipe(min_piece_words=1, piece_share=None, piece_weight=0.6, piece_sizes=(2, 2), pieces_of="all")
    matrix = feature_expansion({"up": 1, "upper": 2, "up *piece": 3}, 4, recipe).toarray()[:, 4:]
    assert np.unique(matrix[1:]) == pytest.approx([0, 0.6])
    assert np.count_nonzero(matrix, axis=1).tolist() == [0, 1, 4, 1]


def test_cluster_learns_from_its_words_with_an_id_and_by_itself() -> None:
    index = {"refine": 1, "oil": 2, "vote": 3, "petrol": 4, "ballot": 5, "rare": 6}
    clusters = [
        Cluster(("oil", "petrol", "refine"), (1,)),
        Cluster(("ballot", "vote", "rare"), (2, 3, 1, 4)),
        Cluster(("unseen",), (1,)),
    ]
    matrix = feature_expansion(index, 7, Recipe(min_piece_words=9, cluster_share=0.5), clusters)
    np.testing.assert_array_equal(matrix[:, :7].toarray(), np.eye(7))
    shared = matrix[:, 7:].toarray().tolist()
    assert shared[:4] == [[0, 0, 0], [0.5, 0, 0], [0.5, 0, 0], [0, 0.5, 0]]
    assert shared[4:] == [[0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]  # the ids of the clusters; `rare` has none
    with_groups = feature_expansion(index, 7, Recipe(min_piece_words=9, cluster_share=0.5, group_share=0.25), clusters)
    np.testing.assert_array_equal(with_groups[:, :10].toarray(), matrix.toarray())
    one, four = [0.25, 0, 0, 0], [0.125] * 4  # of the same Euclidean length
    assert with_groups[:, 10:].toarray().tolist() == [[0] * 4, one, one, four, one, four, one]
