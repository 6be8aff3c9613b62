"""The linear half: a support vector machine over idf-weighted words and pairs, as the kernel of a dense layer."""

import numpy as np
import scipy.sparse as sp
from sklearn.svm import LinearSVC

from app.classifier.network import Floats
from training.corpus import TOPICS
from training.dataset import Labels
from training.headlines.vocabulary import unit_length


def train_linear(x: sp.csr_matrix, labels: Labels, penalty: float, seed: int) -> Floats:
    """A kernel, float32 [features, 46], for `unit_length(x) @ kernel`: scores of the topics, mostly within -1 and 1.

    Each row is scaled by its number of ones and not by its weighted length, as is usual, because the model that
    serves can do that; the rows' mean length is made 1, which is what the penalty is meant for.
    """
    texts = np.asarray(x.sum(axis=0)).ravel()
    weights = (np.log((1 + x.shape[0]) / (1 + texts)) + 1).astype(np.float32)
    rows = unit_length(x)
    weights /= np.sqrt(np.square(rows.multiply(weights).data).sum() / x.shape[0])
    rows = rows.multiply(weights).tocsr()
    machine = LinearSVC(C=penalty, fit_intercept=False, random_state=seed).fit(rows, labels)
    kernel = np.zeros((x.shape[1], len(TOPICS)), np.float32)
    # A topic without a sample has no row of its own, and is never the best.
    kernel[:, machine.classes_] = weights[:, None] * machine.coef_.T
    return kernel
