"""The linear half: a support vector machine over words and pairs weighted by topic, as the kernel of a dense layer."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.svm import LinearSVC

from app.classifier.network import Floats
from training.data.dataset import Labels
from training.data.topics import TOPICS
from training.headlines.vocabulary import unit_length


def train_linear(
    x: sp.csr_matrix,
    expansion: sp.csr_matrix,
    labels: Labels,
    others: NDArray[np.bool_],
    penalties: NDArray[np.float64],
    *,
    seed: int,
) -> Floats:
    """A kernel, float32 [features, 46], for `unit_length(x) @ kernel`: scores of the topics, mostly within -1 and 1.

    Each topic's machine sees the words weighted by how much more often they are in its texts than in others, as a naive
    Bayes classifier would have it (Wang and Manning 2012, "Baselines and Bigrams", NBSVM), instead of by their idf,
    which is the same for all topics.

    Each row is scaled by its number of ones and not by its weighted length, as is usual, because the model that
    serves can do that; the rows' mean length is made 1, which is what the penalties are meant for.

    Args:
        x: multi-hot, float32 [n, features].
        expansion: float32 [features, inputs], what it is given for each feature.
        labels: each row's topic, int64 [n].
        others: bool [n, 46], each row's further topics.
        penalties: float64 [n, 2], C of each row, and C of it as an example of its further topics; where that is 0 it
            is neither an example of them nor a counterexample.
        seed: of the solver.
    """
    rows = (unit_length(x) @ expansion).tocsr()
    counted = (sp.diags((penalties[:, 0] / penalties[:, 0].mean()).astype(np.float32)) @ x @ expansion).tocsr()
    everywhere = np.asarray(counted.sum(axis=0)).ravel()
    kernel = np.zeros((x.shape[1], len(TOPICS)), np.float32)
    # A topic without a sample keeps its zeros, which is less than the right topic of a text that is like these gets.
    for topic in np.unique(labels).tolist():
        here = np.asarray(counted[labels == topic].sum(axis=0)).ravel()
        weights = _log_share(here) - _log_share(everywhere - here)
        weighted = (rows @ sp.diags(weights)).tocsr()
        scale = np.sqrt(x.shape[0] / np.square(weighted.data).sum())
        right = (labels == topic) | others[:, topic]
        costs = np.where(others[:, topic], penalties[:, 1], penalties[:, 0])
        used = np.flatnonzero(costs)
        machine = LinearSVC(fit_intercept=False, random_state=seed)
        machine.fit(weighted[used] * scale, right[used], sample_weight=costs[used])
        kernel[:, topic] = expansion @ (scale * weights * machine.coef_[0])
    return kernel


def _log_share(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of all occurrences, as if each word had occurred once more."""
    shares: NDArray[np.float32] = np.log((counts + 1) / (counts + 1).sum())
    return shares
