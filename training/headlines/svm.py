"""Linear SVM: one per topic, on features weighted by log-count ratio (NBSVM), as the kernel of a dense layer."""

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
    """Train one linear SVM per topic.

    Each topic's SVM weights features by their log-count ratio, that is how much more often they occur in its texts than
    in others (NBSVM; Wang and Manning 2012, "Baselines and Bigrams"), instead of by idf, which is the same for all
    topics.

    Rows are scaled by their number of ones, which the served model can do too, and not, as is usual, by their weighted
    length. Then all rows of a topic are scaled so that their mean squared length is 1, which `penalties` assume.

    Args:
        x: multi-hot rows, float32 [n, features].
        expansion: maps features to inputs, float32 [features, inputs] (see `ngram_expansion`).
        labels: int64 [n].
        others: bool [n, 46], the further topics of each row.
        penalties: float64 [n, 2], C of each row, and its C as a positive example of its further topics; if that is 0,
            the row is left out when training their SVMs.
        seed: of the solver.

    Returns:
        A kernel, float32 [features, 46]: `unit_length(x) @ kernel` are the topics' scores, mostly within -1 and 1.
    """
    rows = (unit_length(x) @ expansion).tocsr()
    counted = (sp.diags((penalties[:, 0] / penalties[:, 0].mean()).astype(np.float32)) @ x @ expansion).tocsr()
    everywhere = np.asarray(counted.sum(axis=0)).ravel()
    kernel = np.zeros((x.shape[1], len(TOPICS)), np.float32)
    # A topic without a sample keeps a kernel of zeros; the right topic of a text like these scores higher.
    for topic in np.unique(labels).tolist():
        here = np.asarray(counted[labels == topic].sum(axis=0)).ravel()
        weights = _log_share(here) - _log_share(everywhere - here)
        weighted = (rows @ sp.diags(weights)).tocsr()
        scale = np.sqrt(x.shape[0] / np.square(weighted.data).sum())
        right = (labels == topic) | others[:, topic]
        costs = np.where(others[:, topic], penalties[:, 1], penalties[:, 0])
        used = np.flatnonzero(costs)
        svm = LinearSVC(fit_intercept=False, random_state=seed)
        svm.fit(weighted[used] * scale, right[used], sample_weight=costs[used])
        kernel[:, topic] = expansion @ (scale * weights * svm.coef_[0])
    return kernel


def _log_share(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log of each input's share of all counts, with add-one smoothing."""
    shares: NDArray[np.float32] = np.log((counts + 1) / (counts + 1).sum())
    return shares
