"""Splits labelled rows into training and test rows: stratified by label, with duplicates on one side."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final, Literal

from training.errors import LabelsError
from training.labelled.duplicates import Duplicates, find_duplicates
from training.labelled.rows import LabelledRow, Table
from training.labelled.stratification import OUTSIDE, labels_or_outside, latest, stratified
from training.labelled.too_few_labels import too_few_labels

MIN_ROWS: Final = 5
TEST_SHARE: Final = 0.1

TRAIN, TEST = "train", "test"
RARE, IN_TEST, UNSEEN = "rare label", "text is also in the test file", "no training row has the label"
"""Places of a row in a split; the last three are reasons why it is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Every row of a table, and of a test table, in one of three places."""

    train: Sequence[LabelledRow]
    test: Sequence[LabelledRow]
    left_out: Mapping[str, Sequence[LabelledRow]]
    """Reason -> rows. Rows lose rare labels; a row that loses all its labels is here, with them."""
    rare: Mapping[str, int]
    """Labels with too few rows, and their numbers of rows; "" stands for rows about none of the labels."""
    labels: Sequence[str]
    """The labels of the training rows in alphabetical order, or by size if all are whole numbers."""
    method: Literal["share", "time", "file"]
    places: Sequence[str]
    """TRAIN, TEST or the reason why it is left out, for each row of the table and then of the test table."""
    duplicates: Duplicates
    """Among the same rows."""


def split_rows(
    table: Table,
    test: Table | None = None,
    *,
    test_share: float = TEST_SHARE,
    by_time: bool = False,
    seed: int = 1,
    min_rows: int = MIN_ROWS,
) -> Split:
    """Split rows. The same rows, in any order or files, give the same split with the same seed.

    Args:
        table: the rows.
        test: test rows from other files; training rows with the exact text of one of them are left out.
        test_share: without `test`, the share of the rows that become test rows, 0 to 1. Each label has this share
            within one row, and at least one row, as far as duplicates on one side allow.
        by_time: the latest rows become test rows, and not a random choice.
        seed: of the choice.
        min_rows: labels with fewer rows are left out.

    Raises:
        LabelsError: fewer than two labels are left to train on.
        TableError: `by_time`, and no row has a time.
    """
    rows = [*table.rows, *(test.rows if test else ())]
    places = [TRAIN] * len(table.rows) + [TEST] * (len(rows) - len(table.rows))
    duplicates = find_duplicates([row.text for row in rows])
    if test is not None:
        exact = duplicates.exact.tolist()
        tested = set(exact[len(table.rows) :])
        for number in range(len(table.rows)):
            if exact[number] in tested:
                places[number] = IN_TEST
    counts = _label_counts(rows, places)
    rare = {label: count for label, count in sorted(counts.items()) if count < min_rows}
    kept = set(counts) - set(rare)
    if len(kept - {OUTSIDE}) < 2:
        raise LabelsError(
            too_few_labels(kept, rare, min_rows, table, [rows[i] for i, place in enumerate(places) if place == IN_TEST])
        )
    _remove(frozenset(rare), rows, places, TRAIN, RARE)
    method: Literal["share", "time", "file"] = "file"
    if test is None:
        numbers = [number for number, place in enumerate(places) if place == TRAIN]
        method = "time" if by_time else "share"
        chosen = (
            latest(rows, numbers, duplicates, test_share)
            if by_time
            else stratified(rows, numbers, duplicates, test_share, seed)
        )
        for number in chosen:
            places[number] = TEST
    known = _label_counts(rows, places).keys()
    if len(known - {OUTSIDE}) < 2:
        raise LabelsError(
            f"{table.columns[0].file}: without the test rows, fewer than two labels are left to train on;"
            f" {'leave out --time, ' if by_time else ''}lower --test-share, or give test rows with --test."
        )
    unseen = frozenset(label for row in rows for label in labels_or_outside(row)) - known
    _remove(unseen, rows, places, TEST, UNSEEN)
    parts: dict[str, list[LabelledRow]] = {place: [] for place in (TRAIN, TEST, RARE, IN_TEST, UNSEEN)}
    for row, place in zip(rows, places, strict=True):
        parts[place].append(row)
    train, tests = parts.pop(TRAIN), parts.pop(TEST)
    left_out = {why: rows_left_out for why, rows_left_out in parts.items() if rows_left_out}
    return Split(
        train=train,
        test=tests,
        left_out=left_out,
        rare=rare,
        labels=_in_order(known - {OUTSIDE}),
        method=method,
        places=places,
        duplicates=duplicates,
    )


def _label_counts(rows: Sequence[LabelledRow], places: Sequence[str]) -> Counter[str]:
    """Number of training rows by label."""
    counts: Counter[str] = Counter()
    for row, place in zip(rows, places, strict=True):
        if place == TRAIN:
            counts.update(labels_or_outside(row))
    return counts


def _remove(labels: AbstractSet[str], rows: list[LabelledRow], places: list[str], place: str, why: str) -> None:
    """Remove labels from the rows in a place; rows that have no other label get the place `why`."""
    for number, row in enumerate(rows):
        if places[number] == place and not labels.isdisjoint(labels_or_outside(row)):
            rest = tuple(label for label in labels_or_outside(row) if label not in labels)
            if rest:
                rows[number] = replace(row, labels=rest)
            else:
                places[number] = why


def _in_order(labels: AbstractSet[str]) -> list[str]:
    """Labels 0 to 10 get these numbers in the bundle, too, so that 10 is not the topic with the number 2."""
    if all(re.fullmatch(r"-?\d+", label) for label in labels):
        return sorted(labels, key=lambda label: (int(label), label))
    return sorted(labels)
