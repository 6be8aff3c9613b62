"""Held-out rows of a fit: a stratified share of the training rows, or folds of them.

Up to MAX_TOGETHER duplicates with the same label are held out together: a model that has learned from a copy of a row
looks better on it than on new texts, and its probabilities would be calibrated too high.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from training.fit.sizes import FOLDS, held_out_models
from training.headlines.samples import Sample
from training.labelled.duplicates import find_duplicates

SHARE: Final = 0.15
"""Share of the rows that is held out, 0 to 1."""
MAX_HELD_OUT: Final = 4_000
"""Maximum number of rows that are held out."""
MAX_TOGETHER: Final = 50
"""Maximum number of duplicates with one label that are held out together. A text that is more frequent, such as `yes`
in a conversation, will be in new texts, too, so the models that calibrate should have learned it."""


def groups_of(samples: Sequence[Sample], lines: Sequence[int]) -> NDArray[np.int32]:
    """The number of each sample's group, int32 [n]: exact and near duplicates, and rows from one line of a file.

    Args:
        samples: rows with words.
        lines: by number of the row, as in `TrainingRows`.
    """
    together = find_duplicates([" ".join(sample.words) for sample in samples]).together
    from_line = np.array([lines[sample.source or 0] for sample in samples])
    if len(np.unique(from_line)) == len(samples):
        return together
    _, columns = np.unique(from_line, return_inverse=True)
    nodes = together.max() + 1
    edges = sp.coo_matrix((np.ones(len(samples)), (together, nodes + columns)), shape=[nodes + columns.max() + 1] * 2)
    groups: NDArray[np.int32] = connected_components(edges, directed=False)[1][together]
    return groups


def held_out_masks(labels: NDArray[np.int64], groups: NDArray[np.int32], seed: int) -> list[NDArray[np.bool_]]:
    """The rows that are held out from each of the `held_out_models`: bool [n] each; no row is in two.

    If it is one model, these are a share of the rows, otherwise each model has one of FOLDS folds. Of a label with two
    rows or more, at least one is held out: without a row of the outside class, it could not be calibrated.

    Args:
        labels: int64 [n].
        groups: `groups_of`, int32 [n].
        seed: of the choice.
    """
    models = held_out_models(len(labels))
    if models == 1:
        return [held_out_share(labels, groups, seed)]
    all_folds = folds(labels, groups, seed)
    masks = all_folds[:models]
    several = np.bincount(labels)[labels] > 1
    for fold in all_folds[models:]:  # a label of two or three groups may be in these alone
        missing = ~np.isin(labels, labels[np.any(masks, axis=0)])
        masks[0] = masks[0] | (fold & missing & several)
    return masks


def held_out_share(labels: NDArray[np.int64], groups: NDArray[np.int32], seed: int) -> NDArray[np.bool_]:
    """Mark 15% of the rows, but no more than MAX_HELD_OUT: bool [n].

    The share applies to each label and is rounded, so the total may differ a little. Of a label with two rows or more,
    at least one is held out and at least one is left to train on.

    Args:
        labels: int64 [n].
        groups: `groups_of`, int32 [n].
        seed: of the choice.
    """
    share = min(SHARE, MAX_HELD_OUT / len(labels))
    units, first = _units(labels, groups)
    chosen = np.zeros(len(first), bool)
    for label_units in _by_label(labels[first], seed):
        # Rounded up from 0.3, so that labels with few rows have more of them held out.
        count = min(max(round(share * len(label_units) + 0.2), 1), len(label_units) - 1)
        chosen[label_units[:count]] = True
    return chosen[units]


def folds(
    labels: NDArray[np.int64], groups: NDArray[np.int32], seed: int, count: int = FOLDS
) -> list[NDArray[np.bool_]]:
    """`count` masks, bool [n] each, of which every row is in one; the rows of a label are spread over them."""
    units, first = _units(labels, groups)
    numbers = np.empty(len(first), np.int64)
    start = 0
    for rows_of_label in _by_label(labels[first], seed):
        numbers[rows_of_label] = (start + np.arange(len(rows_of_label))) % count
        start += len(rows_of_label)
    return [numbers[units] == fold for fold in range(count)]


def _units(labels: NDArray[np.int64], groups: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Units of rows that are held out together: the number of each row's unit, int64 [n], and each unit's first row.

    A unit is the rows of one label in one group. Each row is a unit if these are more than MAX_TOGETHER, or all rows of
    the label, of which otherwise nothing would be left to learn from.
    """
    _, units = np.unique(np.stack([labels, groups]), axis=1, return_inverse=True)
    pairs = np.unique(np.stack([labels, units.ravel()]), axis=1)
    alone = np.bincount(pairs[0])[labels] == 1
    large = np.bincount(units.ravel())[units.ravel()] > MAX_TOGETHER
    keys = np.where(alone | large, len(labels) + np.arange(len(labels)), units.ravel())
    _, first, numbers = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)  # in the order of the rows, so that rows without duplicates are chosen as they are
    return np.argsort(order)[numbers], first[order]


def _by_label(labels: NDArray[np.int64], seed: int) -> Sequence[NDArray[np.intp]]:
    """The units of each label, shuffled."""
    order = np.random.default_rng(seed).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
