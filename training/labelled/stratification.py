"""Chooses test rows: a stratified sample, or the latest rows; duplicates are chosen together."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from training.errors import TableError
from training.labelled.duplicates import Duplicates
from training.labelled.rows import LabelledRow

OUTSIDE = ""
"""The label, in this package, of rows that have none because they are about none of the labels."""


def labels_or_outside(row: LabelledRow) -> tuple[str, ...]:
    """The labels of a row; OUTSIDE if it has none."""
    return row.labels or (OUTSIDE,)


def stratified(
    rows: Sequence[LabelledRow], numbers: Sequence[int], duplicates: Duplicates, share: float, seed: int
) -> set[int]:
    """Numbers of the test rows: of each label the share within one row, and at least one row.

    Labels are filled from the rarest on, so that a row with several labels is assigned by its rarest (the order of
    iterative stratification, Sechidis et al. 2011). A group of duplicates is not chosen if it would exceed the share,
    or if it has the last rows of another label.

    Args:
        rows: all rows.
        numbers: of those to choose from.
        duplicates: of all rows.
        share: of the rows to choose, 0 to 1.
        seed: of the random order in which groups are chosen; the order of the rows has no influence.
    """
    groups, hashes = _groups(numbers, duplicates)
    # Per group, the labels of all its rows, with repetitions.
    labels = [[label for number in group for label in labels_or_outside(rows[number])] for group in groups]
    counts: Counter[str] = Counter()
    of_label: dict[str, list[int]] = defaultdict(list)
    for group in np.argsort(_mixed(hashes, seed), kind="stable").tolist():
        for label in labels[group]:
            counts[label] += 1
            of_label[label].append(group)
    taken: Counter[str] = Counter()
    done = bytearray(len(groups))
    chosen: set[int] = set()
    for label in sorted(counts, key=lambda label: (counts[label], label)):
        target = min(max(1, round(share * counts[label])), counts[label] - 1)
        for group in of_label[label]:
            if not done[group]:
                done[group] = 1
                added = Counter(labels[group])
                if taken[label] + added[label] <= target and all(
                    taken[other] + added[other] < counts[other] for other in added
                ):
                    taken.update(added)
                    chosen.update(groups[group])
    return chosen


def latest(rows: Sequence[LabelledRow], numbers: Sequence[int], duplicates: Duplicates, share: float) -> set[int]:
    """Numbers of the latest rows, at least one; a group of duplicates is as old as its oldest row.

    Rows without a time, and their duplicates, are not chosen.

    A group that has no room is left out, and older rows take its place until half of the share is chosen: a text that
    is often repeated would otherwise be most of the test rows, or the reason that there are only a few.

    Raises:
        TableError: no row has a time, or each of those that have one has a duplicate without a time.
    """
    times = {}
    groups, hashes = _groups(numbers, duplicates)
    for number, group in enumerate(groups):
        known = [time for row in group if (time := rows[row].time) is not None]
        if len(known) == len(group):
            times[number] = min(known)
    if not times:
        raise TableError(
            f"{rows[numbers[0]].file}: no row has a time to split the rows by; name the column of times with"
            " --time, or use --test FILE."
        )
    chosen: set[int] = set()
    order = sorted(times, key=lambda number: (times[number], int(hashes[number])), reverse=True)
    for number in order:
        if len(chosen) + len(groups[number]) <= share * len(numbers):
            chosen.update(groups[number])
        elif 2 * len(chosen) >= share * len(numbers):
            break
    return chosen or set(groups[order[0]])


def _groups(numbers: Sequence[int], duplicates: Duplicates) -> tuple[list[list[int]], NDArray[np.uint64]]:
    """Rows in groups of duplicates, and a hash of each group."""
    chosen = np.asarray(numbers, np.int64)
    together = duplicates.together[chosen]
    order = np.argsort(together, kind="stable")
    starts: list[int] = [0, *(np.flatnonzero(np.diff(together[order])) + 1).tolist()]
    chosen = chosen[order]
    ordered: list[int] = chosen.tolist()
    groups = [ordered[start:end] for start, end in pairwise([*starts, len(ordered)])]
    return groups, np.minimum.reduceat(duplicates.hashes[chosen], starts)


def _mixed(hashes: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Sort keys that order groups in another random way for each seed: the mixing function of SplitMix64.

    Steele, Lea and Flood 2014, "Fast Splittable Pseudorandom Number Generators".
    """
    mixed = hashes + np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
