import numpy as np
import pytest

from training.book.ablation import ensure_equal_vectors
from training.book.vectors import to_one_hot, vectorize_sequences
from training.data.dataset import Dataset


def test_vectorize_sequences_sets_each_id_once() -> None:
    assert vectorize_sequences([[3, 5, 3], []], 6).tolist() == [[0, 0, 0, 1, 0, 1], [0] * 6]


def test_vectorize_sequences_refuses_an_id_beyond_its_width() -> None:
    with pytest.raises(IndexError):
        vectorize_sequences([[6]], 6)


def test_to_one_hot_sets_the_label() -> None:
    assert to_one_hot([2, 0], 3).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_both_are_float32_as_keras_wants() -> None:
    assert vectorize_sequences([[1]]).dtype == to_one_hot([1]).dtype == np.float32
    assert vectorize_sequences([[1]]).shape == (1, 10_000)
    assert to_one_hot([1]).shape == (1, 46)


@pytest.mark.slow
def test_both_equal_the_utilities_of_keras(small_set: Dataset) -> None:
    ensure_equal_vectors(small_set)
