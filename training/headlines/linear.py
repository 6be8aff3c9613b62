"""The linear half: a support vector machine over idf-weighted words and pairs, as the kernel of a dense layer."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.svm import LinearSVC

from app.classifier.network import Floats
from training.corpus import TOPICS
from training.dataset import Labels
from training.headlines.vocabulary import unit_length


def train_linear(
    x: sp.csr_matrix,
    spread: sp.csr_matrix,
    labels: Labels,
    others: NDArray[np.bool_],
    penalties: NDArray[np.float64],
    *,
    seed: int,
) -> Floats:
    """A kernel, float32 [features, 46], for `unit_length(x) @ kernel`: scores of the topics, mostly within -1 and 1.

    Each row is scaled by its number of ones and not by its weighted length, as is usual, because the model that
    serves can do that; the rows' mean length is made 1, which is what the penalties are meant for.

    Args:
        x: multi-hot, float32 [n, features].
        spread: float32 [features, inputs], what it is given for each feature.
        labels: each row's topic, int64 [n].
        others: bool [n, 46], each row's further topics.
        penalties: float64 [n, 2], C of each row, and C of it as an example of its further topics; where that is 0 it
            is neither an example of them nor a counterexample.
        seed: of the solver.
    """
    texts = np.asarray(x.sum(axis=0)).ravel()
    idf = (np.log((1 + x.shape[0]) / (1 + texts)) + 1).astype(np.float32)
    inputs = spread.multiply(idf[:, None]).tocsr()
    rows = unit_length(x) @ inputs
    scale = np.sqrt(x.shape[0] / np.square(rows.data).sum())
    rows *= scale
    kernel = np.zeros((x.shape[1], len(TOPICS)), np.float32)
    # A topic without a sample keeps its zeros, which is less than the right topic of a text that is like these gets.
    for topic in np.unique(labels).tolist():
        right = (labels == topic) | others[:, topic]
        weights = np.where(others[:, topic], penalties[:, 1], penalties[:, 0])
        used = np.flatnonzero(weights)
        machine = LinearSVC(fit_intercept=False, random_state=seed)
        machine.fit(rows[used], right[used], sample_weight=weights[used])
        kernel[:, topic] = scale * (inputs @ machine.coef_[0])
    return kernel
