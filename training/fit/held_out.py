"""Held-out rows of a fit: a stratified share of the training rows, or folds of all of them."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

MOST_HELD_OUT: Final = 2_000
FOLDS: Final = 5


def held_out_share(labels: NDArray[np.int64], seed: int) -> NDArray[np.bool_]:
    """Mark a tenth of the rows, MOST_HELD_OUT at most: bool [n]. Each label keeps a row to learn from.

    Args:
        labels: int64 [n].
        seed: of the choice.
    """
    share = min(0.1, MOST_HELD_OUT / len(labels))
    chosen = np.zeros(len(labels), bool)
    for rows in _by_label(labels, seed):
        chosen[rows[: min(round(share * len(rows) + 0.2), len(rows) - 1)]] = True
    return chosen


def folds(labels: NDArray[np.int64], seed: int) -> list[NDArray[np.bool_]]:
    """FOLDS masks, bool [n] each, of which every row is in one; the rows of a label are spread over them."""
    numbers = np.empty(len(labels), np.int64)
    start = 0
    for rows in _by_label(labels, seed):
        numbers[rows] = (start + np.arange(len(rows))) % FOLDS
        start += len(rows)
    return [numbers == fold for fold in range(FOLDS)]


def _by_label(labels: NDArray[np.int64], seed: int) -> Sequence[NDArray[np.intp]]:
    """The rows of each label, shuffled."""
    order = np.random.default_rng(seed).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
