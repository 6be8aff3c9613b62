"""Rows whose label is probably wrong, by confident learning (Northcutt et al. 2021, arXiv:1911.00068).

cleanlab 2.9.0 has the same method and needs pandas (84 MB). Given the same probabilities of banking77 with 5% of its
labels changed, it finds 706 rows (precision 0.58, recall 0.82), and these lines 615 of them (0.63, 0.78).
"""

import numpy as np
from numpy.typing import NDArray

from app.classifier.network import Floats

_ROWS = 65_536
"""Rows that are looked at at once."""


def confident_joint(probabilities: Floats, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Estimated number of rows by given label (row) and true label (column), float64 [topics, topics].

    A row counts for the label with the highest probability among those whose probability is at least the mean
    probability of the label for the rows that have it. Each label's counts are scaled to its number of rows.

    Args:
        probabilities: float32 [n, topics], of models that did not learn from the row.
        labels: int64 [n], as given.
    """
    topics = probabilities.shape[1]
    sizes = np.bincount(labels, minlength=topics)
    own = probabilities[np.arange(len(labels)), labels]
    thresholds = np.bincount(labels, own, topics) / np.maximum(sizes, 1)
    thresholds[sizes == 0] = np.inf
    joint = np.zeros((topics, topics))
    for start in range(0, len(labels), _ROWS):
        some = probabilities[start : start + _ROWS]
        confident = np.where(some >= thresholds, some, -1.0)
        chosen = confident.max(axis=1) >= 0
        np.add.at(joint, (labels[start : start + _ROWS][chosen], confident.argmax(axis=1)[chosen]), 1)
    np.fill_diagonal(joint, np.maximum(joint.diagonal(), 1))
    scaled: NDArray[np.float64] = joint * (sizes / joint.sum(axis=1))[:, None]
    return scaled


def label_errors(probabilities: Floats, labels: NDArray[np.int64]) -> NDArray[np.intp]:
    """Rows whose label is probably wrong, most probable first: int64 [found].

    Pruned by class and by noise rate: a row is among the least probable of its label, as many as the joint has
    errors for the label, and among those with the largest margin of another label, as many as it has for the pair.

    Args:
        probabilities: as for `confident_joint`.
        labels: as given.
    """
    joint = np.rint(confident_joint(probabilities, labels)).astype(int)
    own = probabilities[np.arange(len(labels)), labels]
    by_class, by_rate = (np.zeros(len(labels), bool) for _ in range(2))
    for label in range(probabilities.shape[1]):
        rows = np.flatnonzero(labels == label)
        errors = joint[label].sum() - joint[label, label]
        by_class[rows[np.argsort(own[rows], kind="stable")[:errors]]] = True
        for other in np.flatnonzero(joint[label]).tolist():
            if other != label:
                margins = own[rows] - probabilities[rows, other]
                by_rate[rows[np.argsort(margins, kind="stable")[: joint[label, other]]]] = True
    found = np.flatnonzero(by_class & by_rate & (probabilities.argmax(axis=1) != labels))
    return found[np.argsort((own - probabilities.max(axis=1))[found], kind="stable")]
