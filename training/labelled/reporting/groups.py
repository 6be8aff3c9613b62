"""Groups of duplicates that are worth showing: repeated texts, near duplicates, conflicting labels, shared texts."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from training.labelled.reporting.report import MAX_EXAMPLES, MAX_GROUPS, Groups, TextGroup, example
from training.labelled.rows import LabelledRow
from training.labelled.stratification import labels_or_outside

Rows = Sequence[LabelledRow]


def repeated(numbers: NDArray[np.int32]) -> Iterator[list[int]]:
    """Positions of the elements of each group that has at least two, from the number of each element's group."""
    order = np.argsort(numbers, kind="stable")
    starts = [0, *(np.flatnonzero(np.diff(numbers[order])) + 1).tolist(), len(order)]
    for start, end in pairwise(starts):
        if end - start > 1:
            yield order[start:end].tolist()


def find_groups(
    rows: Rows, numbers: NDArray[np.int32], wanted: Callable[[Sequence[int]], bool] = lambda _: True
) -> Groups:
    """Groups of at least two rows that are wanted, the largest first.

    Args:
        rows: all rows.
        numbers: number of each row's group.
        wanted: whether a group of row numbers counts.
    """
    groups = [group for group in repeated(numbers) if wanted(group)]
    groups.sort(key=len, reverse=True)
    shown = [_text_group([rows[number] for number in group]) for group in groups[:MAX_GROUPS]]
    return Groups(len(groups), sum(map(len, groups)), shown)


def have_other_labels(rows: Rows) -> Callable[[Sequence[int]], bool]:
    """Whether rows of a group have different labels."""
    return lambda group: len({frozenset(rows[number].labels) for number in group}) > 1


def have_other_texts(exact: NDArray[np.int32]) -> Callable[[Sequence[int]], bool]:
    """Whether rows of a group have different texts."""
    return lambda group: len({exact[number] for number in group}) > 1


def are_on_both_sides(trained: Sequence[bool], tested: Sequence[bool]) -> Callable[[Sequence[int]], bool]:
    """Whether some rows of a group are training rows and others test rows."""
    return lambda group: any(trained[number] for number in group) and any(tested[number] for number in group)


def _text_group(rows: Rows) -> TextGroup:
    texts = [example(text) for text in list(dict.fromkeys(row.text for row in rows))[:MAX_EXAMPLES]]
    labels = Counter(label for row in rows for label in labels_or_outside(row))
    return TextGroup(texts, len(rows), dict(labels.most_common()), [row.line for row in rows[:MAX_EXAMPLES]])
