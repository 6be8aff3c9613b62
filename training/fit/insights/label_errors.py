"""Label errors: the probability that a label is wrong, by Bayes' rule from cross-fitted probabilities.

On 244 rows with 7% wrong labels, confident learning (Northcutt et al. 2021, arXiv:1911.00068) lists 68 (20% of them
wrong); this rule lists 6 (50%): docs/experiments.md.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.classifier.inference.products import Floats

NOISE: Final = 0.1
"""Share of wrong labels that is assumed before the probabilities are known."""


def wrong_label(probabilities: Floats, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Probability that each row's label is wrong, float64 [n], if NOISE of all labels were replaced by a random other.

    The number of rows that got a label by mistake is assumed to be at most the number of rows that have it. Otherwise
    more rows of a rare label would be expected to be wrong than there are, and all of them would be listed.

    Args:
        probabilities: float32 [n, topics], of models that did not learn from the row.
        labels: int64 [n], as given.
    """
    topics = probabilities.shape[1]
    own = probabilities[np.arange(len(labels)), labels].astype(float)
    given = np.bincount(labels, minlength=topics) / len(labels)
    replaced = np.minimum(NOISE / (topics - 1), given)[labels]
    return _posterior(own, replaced * (1 - own) / (1 - NOISE))


def wrong_members(probabilities: Floats, members: NDArray[np.bool_], given: float) -> NDArray[np.float64]:
    """Probability that a given label is wrong, or that a label is missing, float64 [n, topics].

    NOISE of the labels that rows have are taken to be wrong, and as many to be missing.

    Args:
        probabilities: float32 [n, topics], independent of each other.
        members: bool [n, topics], as given.
        given: share of the pairs of row and label in which the row has the label.
    """
    missing = NOISE * min(1.0, given / max(1 - given, np.finfo(float).tiny))
    odds = np.where(members, NOISE / (1 - NOISE), missing / (1 - missing))
    own = np.where(members, probabilities, 1 - probabilities).astype(float)
    return _posterior(own, odds * (1 - own))


def _posterior(right: NDArray[np.float64], wrong: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability of `wrong`; both are known up to a common factor."""
    share: NDArray[np.float64] = wrong / np.maximum(right + wrong, np.finfo(float).tiny)
    return share
