"""Linear SVMs on features weighted mostly by idf, for labels with few rows or of very different numbers of rows."""

from collections.abc import Callable
from typing import Final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.svm import LinearSVC

from app.classifier.inference.products import Floats
from training.headlines.linear.svm import chosen_rows, counts_of, fewer_negatives, idf_of, log_count_ratios
from training.headlines.vocabulary import unit_length

_IDF: Final = np.float32(4)
"""Weight of the idf next to the absolute log-count ratio, which is mostly chance with few texts."""
_INTERCEPT: Final = np.float32(0.5)
"""Weight of the intercepts. They fit rows of length 1, but served rows with unknown words are shorter; for these, the
whole intercepts would favour frequent labels too much."""


def train_tfidf(
    x: sp.csr_matrix,
    expansion: sp.csr_matrix,
    members: NDArray[np.bool_],
    penalties: NDArray[np.float64],
    *,
    topics: int,
    seed: int,
    most_negatives: int | None = None,
    on_topic: Callable[[int, int], object] = lambda done, of: None,
) -> tuple[Floats, Floats]:
    """Train one linear SVM per topic, on the texts with a topic, and one for the outside class, on all texts.

    Each weights features by idf times a constant plus their absolute log-count ratio, and learns from rows that then
    have length 1. The served model scales a row by its number of ones instead, so its scores are those of the SVMs
    times a factor of the row, which is 1 on average.

    Args:
        x: multi-hot rows, float32 [n, features].
        expansion: maps features to inputs, float32 [features, inputs] (see `feature_expansion`).
        members: bool [n, units], the rows of each topic, and of the outside class if there is one.
        penalties: float64 [n], C of each row.
        topics: their number.
        seed: of the solver, and of the choice of negatives.
        most_negatives: maximum number of rows of other topics for one topic's SVM; their C is raised accordingly.
        on_topic: called with the number of trained SVMs and that of all.

    Returns:
        A kernel, float32 [features, units], and a bias, float32 [units]: `unit_length(x) @ kernel + bias` are scores,
        mostly between -1 and 1.
    """
    rows, counted = (unit_length(x) @ expansion).tocsr(), (x @ expansion).tocsr()
    rows.sort_indices()
    idf = idf_of(rows)
    units = members.shape[1]
    every = np.ones(len(members), np.bool_)
    with_topic = np.asarray(members[:, :topics].any(axis=1)) if units > topics else every
    rows_with_topic, counts_with_topic = chosen_rows(rows, with_topic), counts_of(chosen_rows(counted, with_topic))
    kernel = np.zeros((x.shape[1], units), np.float32)
    bias = np.full(units, -_INTERCEPT, np.float32)  # of a class without a text: the intercept of a rare one is near -1
    for unit in range(units):
        on_topic(unit, units)
        used = every if unit == topics else with_topic
        right, costs = members[used, unit], penalties[used]
        if right.any() and not right.all():
            here = counts_of(counted[members[:, unit]])
            chosen, counts = (rows, counts_of(counted)) if used is every else (rows_with_topic, counts_with_topic)
            weights = idf * (_IDF + np.abs(log_count_ratios(here, counts - here)))
            chosen, right, costs = fewer_negatives(chosen, right, costs, most_negatives, seed)
            weighted, scale = _unit_rows(chosen, weights)
            svm = LinearSVC(random_state=seed).fit(weighted, right, sample_weight=costs)
            kernel[:, unit] = expansion @ (scale * weights * svm.coef_[0])
            bias[unit] = _INTERCEPT * svm.intercept_[0]
    return kernel, bias


def _unit_rows(rows: sp.csr_matrix, weights: NDArray[np.float32]) -> tuple[sp.csr_matrix, float]:
    """Rows with weighted inputs, scaled to length 1, and the mean factor; empty rows stay 0 and do not count.

    The factor is 0 if all rows are empty.
    """
    # A product with a diagonal matrix would leave unsorted rows, which scikit-learn then sorts for each topic.
    values = (rows.data * weights[rows.indices]).astype(np.float64)
    ones = np.diff(rows.indptr)
    filled = ones > 0
    scales = 1 / np.sqrt(np.add.reduceat(np.square(values), rows.indptr[:-1][filled]))
    values *= np.repeat(scales, ones[filled])
    return sp.csr_matrix((values, rows.indices, rows.indptr), rows.shape), float(scales.mean()) if scales.size else 0.0
