"""Active learning: chooses the texts most useful to label next, uncertain and different from each other.

Diverse mini-batch active learning (Zhdanov 2019, arXiv:1901.05954): of the texts with the smallest margin between the
two most probable labels, weighted k-means finds as many groups as are to be chosen, and one text of each is taken.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from app.classifier.inference.products import Floats

CANDIDATES: Final = 10
"""Texts that are grouped, per text to be chosen."""


def uncertainty(probabilities: Floats, multi_label: bool = False) -> Floats:
    """1 less the margin between the two most probable labels, float32 [n], from 0 to 1.

    If a text may have several labels: of the label that is least certain, nearest to a probability of one half.
    """
    if multi_label:
        nearest: Floats = 1 - 2 * np.abs(probabilities - 0.5).min(axis=1)
        return nearest
    best = np.sort(probabilities, axis=1)[:, -2:]
    uncertainty: Floats = 1 - (best[:, 1] - best[:, 0])
    return uncertainty


def choose_texts(unsure: Floats, vectors: Floats, count: int, seed: int) -> NDArray[np.intp]:
    """Places of at most `count` texts to label next, the most uncertain first.

    Args:
        unsure: `uncertainty`, float32 [n].
        vectors: float32 [n, units]; similar texts have vectors that are close.
        count: how many to choose.
        seed: of the k-means.
    """
    candidates = np.argsort(-unsure, kind="stable")[: CANDIDATES * count]
    if len(candidates) <= count:
        return candidates
    chosen, weights = vectors[candidates], np.maximum(unsure[candidates], 1e-6)
    groups = min(count, len(np.unique(chosen, axis=0)))
    means = KMeans(groups, n_init=1, random_state=seed).fit(chosen, sample_weight=weights)
    away = np.square(chosen - means.cluster_centers_[means.labels_]).sum(axis=1)
    order = np.lexsort((away, means.labels_))
    _, first = np.unique(means.labels_[order], return_index=True)
    return candidates[np.sort(order[first])]
