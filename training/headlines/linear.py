"""The linear half: a support vector machine over idf-weighted words and pairs, as the kernel of a dense layer."""

import numpy as np
import scipy.sparse as sp
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC

from app.classifier.network import Floats
from training.corpus import TOPICS
from training.dataset import Labels


def train_linear(x: sp.csr_matrix, labels: Labels, penalty: float, seed: int) -> Floats:
    """A kernel, float32 [features, 46], whose scores `x @ kernel` rank the topics of multi-hot rows.

    The machine learns rows scaled to length 1, which no dense layer can do; it has no intercept, so that the order
    of the topics is the same without the scaling, and the temperature makes good for the length.
    """
    texts = np.asarray(x.sum(axis=0)).ravel()
    idf = (np.log((1 + x.shape[0]) / (1 + texts)) + 1).astype(np.float32)
    rows = normalize(x.multiply(idf).tocsr())
    machine = LinearSVC(C=penalty, fit_intercept=False, random_state=seed).fit(rows, labels)
    kernel = np.zeros((x.shape[1], len(TOPICS)), np.float32)
    # A topic without a sample has no row of its own, and is never the best.
    kernel[:, machine.classes_] = idf[:, None] * machine.coef_.T
    return kernel
