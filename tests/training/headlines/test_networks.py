from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from training.headlines.networks import drop_words, train_networks
from training.headlines.recipe import HEADLINES

RECIPE = replace(HEADLINES, hidden=8, networks=2, epochs=6, batch_size=16, learning_rate=0.02)


def material() -> tuple[sp.csr_matrix, np.ndarray]:
    labels = np.random.default_rng(0).integers(0, 46, 460)
    return sp.csr_matrix(np.eye(50, dtype=np.float32)[labels]), np.eye(46, dtype=np.float32)[labels]


@pytest.mark.slow
def test_networks_learn_and_give_the_same_weights_from_the_same_seed() -> None:
    itself = sp.identity(50, np.float32, "csr")
    one, history = train_networks(RECIPE, material, itself, seed=1, held_out=material())
    other, _ = train_networks(RECIPE, material, itself, seed=1)
    different, _ = train_networks(RECIPE, material, itself, seed=2)
    assert history["loss"][-1] < history["loss"][0]
    assert history["val_accuracy"][-1] > 0.8
    assert one.kernel.shape == (50, 16)
    assert np.array_equal(one.kernel, other.kernel)
    assert not np.array_equal(one.kernel, different.kernel)


def test_words_are_dropped_at_a_rate_of_each_row() -> None:
    rows = sp.csr_matrix(np.ones((200, 100), np.float32))
    left = np.diff(drop_words(rows, 0.5, np.random.default_rng(0)).indptr)
    assert left.min() < 60
    assert left.max() > 95
    assert drop_words(rows, 0.0, np.random.default_rng(0)).nnz == rows.nnz
