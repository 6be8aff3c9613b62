import numpy as np
import scipy.sparse as sp

from training.headlines.linear import train_linear


def test_topics_are_told_by_their_words_and_one_without_samples_scores_nothing() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 200) * 2  # topics 0, 2 and 4
    rows = np.zeros((200, 6), np.float32)
    rows[np.arange(200), labels] = 1
    rows[:, 5] = rng.random(200) < 0.5  # tells nothing
    kernel = train_linear(sp.csr_matrix(rows), labels, 1.0, 0)
    assert kernel.shape == (6, 46)
    assert np.array_equal((rows @ kernel).argmax(axis=1), labels)
    assert np.all(kernel[:, [1, 3, *range(5, 46)]] == 0)
