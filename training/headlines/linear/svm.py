"""Linear models: SVMs on features weighted by log-count ratio (NBSVM), and a ridge regression."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from sklearn.svm import LinearSVC

from app.classifier.inference.products import Floats
from training.headlines.samples import random_rows
from training.headlines.vocabulary import unit_length

_RIDGE_ALPHA: Final = 1.0
"""Weight of the squared length of the coefficients, beside the sum of the squared errors of all rows."""
_MIN_SUM_OF_SQUARES: Final = np.float32(1e-30)
"""Divisor if all weights are 0, as they are if the features say nothing about a topic."""


def train_linear(
    x: sp.csr_matrix,
    expansion: sp.csr_matrix,
    labels: NDArray[np.int64],
    others: NDArray[np.bool_],
    penalties: NDArray[np.float64],
    *,
    topics: int,
    seed: int,
    most_negatives: int | None = None,
    multi_label: bool = False,
    idf_weights: bool = False,
    on_topic: Callable[[int, int], object] = lambda done, of: None,
) -> Floats:
    """Train one linear SVM per topic, on the texts with a topic, and one for the outside class, on all texts.

    Each SVM weights features by their log-count ratio, that is how much more often they occur in its texts than
    in others (NBSVM; Wang and Manning 2012, "Baselines and Bigrams"), not by idf alone, which is the same for all
    topics.

    Rows are scaled by their number of ones, which the served model can do too, and not, as is usual, by their weighted
    length. Then all rows of an SVM are scaled so that their mean squared length is 1, which `penalties` assume.

    Args:
        x: multi-hot rows, float32 [n, features].
        expansion: maps features to inputs, float32 [features, inputs] (see `feature_expansion`).
        labels: int64 [n], `topics` for a text about none of them.
        others: bool [n, units], the further topics of each row; topics, and one for the outside class if there is one.
        penalties: float64 [n, 2], C of each row, and its C as a positive example of its further topics; if that is 0,
            the row is left out when training their SVMs.
        topics: their number.
        seed: of the solver, and of the choice of negatives.
        most_negatives: maximum number of rows of other topics for one topic's SVM; their C is raised accordingly.
        multi_label: a row's topics count alike, and each SVM learns from all rows, also from those about no topic.
        idf_weights: weight features by the ratio and idf (see `Recipe.feature_weights`).
        on_topic: called with the number of trained SVMs and that of all.

    Returns:
        A kernel, float32 [features, units]: `unit_length(x) @ kernel` are scores, mostly within -1 and 1.
    """
    rows = (unit_length(x) @ expansion).tocsr()
    rows.sort_indices()
    counted = (sp.diags((penalties[:, 0] / penalties[:, 0].mean()).astype(np.float32)) @ x @ expansion).tocsr()
    kernel = np.zeros((x.shape[1], others.shape[1]), np.float32)
    inside = np.ones(len(labels), bool) if multi_label else labels != topics
    rows_inside, counts_inside = chosen_rows(rows, inside), counts_of(chosen_rows(counted, inside))
    idf = idf_of(rows) if idf_weights else None
    # A class without a row keeps a kernel of zeros, so its score is 0, and that of the right class is mostly higher.
    learned = np.flatnonzero(others.any(axis=0)) if multi_label else np.unique(labels)
    columns = learned.tolist()
    for done, column in enumerate(columns):
        on_topic(done, len(columns))
        part, chosen = (slice(None), rows) if column == topics else (inside, rows_inside)
        costs = np.where(others[part, column], penalties[part, 1], penalties[part, 0])
        right = (labels[part] == column) | others[part, column]
        if right.all():
            continue
        here = counts_of(counted[right if multi_label else labels == column])
        there = counts_inside if column == topics else counts_inside - here
        weights = log_count_ratios(here, there)
        if idf is not None:
            weights = idf * (np.abs(weights) + np.float32(0.5))
        chosen, right, costs = fewer_negatives(chosen, right, costs, most_negatives, seed)
        kernel[:, column] = expansion @ _fit_svm(chosen, weights, right, costs, seed)
    return kernel


def _fit_svm(
    rows: sp.csr_matrix,
    weights: NDArray[np.float32],
    right: NDArray[np.bool_],
    costs: NDArray[np.float64],
    seed: int,
) -> NDArray[np.float64]:
    """Weights of the inputs of `rows`, [inputs], of one SVM that was trained on rows with these input weights.

    Args:
        rows: float32 [n, inputs].
        weights: float32 [inputs], of the features.
        right: bool [n], whether each row is a positive example.
        costs: float64 [n], C of each row; rows with 0 are left out.
        seed: of the solver.
    """
    # A product with a diagonal matrix would leave unsorted rows, which scikit-learn then sorts for each topic.
    weighted = sp.csr_matrix((rows.data * weights[rows.indices], rows.indices, rows.indptr), rows.shape)
    scale = np.sqrt(rows.shape[0] / max(np.square(weighted.data).sum(), _MIN_SUM_OF_SQUARES))
    weighted.data *= scale
    svm = LinearSVC(dual=True, fit_intercept=False, random_state=seed)
    if costs.all():
        svm.fit(weighted, right, sample_weight=costs)
    else:
        used = np.flatnonzero(costs)
        svm.fit(weighted[used], right[used], sample_weight=costs[used])
    learned: NDArray[np.float64] = scale * weights * svm.coef_[0]
    return learned


def train_ridge(x: sp.csr_matrix, expansion: sp.csr_matrix, labels: NDArray[np.int64], *, units: int) -> Floats:
    """Fit a linear function of the features to 1 for a text's first topic and to 0 for the others.

    Unlike the SVM, which a text far enough on the right side of its margin does not change, the squared error counts
    every text, and all features weigh the same (regularized least-squares classification; Rifkin, Yeo and Poggio 2003).
    The two make different errors, so the sum of their scores is right more often on titles.

    Args:
        x: multi-hot rows, float32 [n, features].
        expansion: maps features to inputs, float32 [features, inputs] (see `feature_expansion`).
        labels: int64 [n], the first topic of each row.
        units: topics, and one for the outside class if there is one.

    Returns:
        A kernel, float32 [features, units]: `unit_length(x) @ kernel` are scores, mostly within 0 and 1. The columns of
        a topic without a row, and of the outside class, are 0.
    """
    rows = (unit_length(x) @ expansion).tocsr()
    kernel = np.zeros((x.shape[1], units), np.float32)
    topics = np.unique(labels)
    targets = (labels[:, None] == topics).astype(np.float32)
    # Conjugate gradients need products with the rows only: the inverse of a matrix of this size would take minutes.
    ridge = Ridge(_RIDGE_ALPHA, fit_intercept=False, solver="sparse_cg", tol=1e-4).fit(rows, targets)
    kernel[:, topics] = expansion @ np.atleast_2d(ridge.coef_).T
    return kernel


def fewer_negatives(
    rows: sp.csr_matrix, right: NDArray[np.bool_], costs: NDArray[np.float64], most_negatives: int | None, seed: int
) -> tuple[sp.csr_matrix, NDArray[np.bool_], NDArray[np.float64]]:
    """All rows of a topic and a random sample of the others, whose C is raised to keep the sum over all.

    If there are no more others than `most_negatives`, or that is None, all rows as they are.
    """
    wrong = np.flatnonzero(~right)
    if most_negatives is None or len(wrong) <= most_negatives:
        return rows, right, costs
    chosen = wrong[random_rows(len(wrong), most_negatives, seed)]
    kept = np.sort(np.concatenate([np.flatnonzero(right), chosen]))
    return rows[kept], right[kept], np.where(right, costs, costs * (len(wrong) / most_negatives))[kept]


def chosen_rows(rows: sp.csr_matrix, chosen: NDArray[np.bool_]) -> sp.csr_matrix:
    """Rows where `chosen`, bool [n], is true; if that is all of them, `rows` itself: long texts take 100 MB."""
    return rows if chosen.all() else rows[chosen]


def counts_of(rows: sp.csr_matrix) -> NDArray[np.float32]:
    """How often each input occurs in rows, float32 [inputs]."""
    counts: NDArray[np.float32] = np.asarray(rows.sum(axis=0)).ravel()
    return counts


def idf_of(rows: sp.csr_matrix) -> NDArray[Any]:
    """Inverse document frequency of each input, smoothed as in scikit-learn: float32 [inputs]."""
    idf: NDArray[Any] = np.log((1 + rows.shape[0]) / (1 + rows.getnnz(axis=0)), dtype=np.float32) + 1
    return idf


def log_count_ratios(here: NDArray[np.float32], there: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log of how much more often each input occurs in a class than in other texts; both arguments from `counts_of`."""
    return _log_share(here) - _log_share(there)


def _log_share(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log of each input's share of all counts, with add-one smoothing."""
    shares: NDArray[np.float32] = np.log((counts + 1) / (counts + 1).sum())
    return shares
