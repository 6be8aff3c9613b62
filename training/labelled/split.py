"""Splits labelled rows into training and test rows: stratified by label, with duplicates on one side."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final

import numpy as np

from training.errors import LabelsError, TableError
from training.labelled.duplicates import Duplicates, exact_key, find_duplicates
from training.labelled.rows import LabelledRow, Table

MIN_ROWS: Final = 5
TEST_SHARE: Final = 0.1

RARE, IN_TEST, UNSEEN = "rare label", "text is also in the test file", "label has no training row"
"""Reasons why rows are left out of a split."""


@dataclass(frozen=True, slots=True)
class Split:
    """Every row of a table, and of a test table, in one of three places."""

    train: Sequence[LabelledRow]
    test: Sequence[LabelledRow]
    left_out: Mapping[str, Sequence[LabelledRow]]
    """Reason -> rows. Rows lose rare labels; a row that loses all its labels is here, with them."""
    rare: Mapping[str, int]
    """Labels with too few rows, and their numbers of rows."""
    labels: Sequence[str]
    """The labels of the training rows, sorted."""
    method: str
    """`share`, `time` or `file`."""


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
        by_time: the latest rows become test rows, and not a random choice; duplicates count as old as the oldest.
        seed: of the choice.
        min_rows: labels with fewer rows are left out.

    Raises:
        LabelsError: fewer than two labels are left, or one label if there are rows about none.
        TableError: `by_time`, and rows have no time.
    """
    left_out: dict[str, list[LabelledRow]] = defaultdict(list)
    rows = list(table.rows)
    if test is not None:
        tested = {exact_key(row.text) for row in test.rows}
        rows = _without(rows, [exact_key(row.text) in tested for row in rows], left_out[IN_TEST])
    counts = Counter(label for row in rows for label in (row.labels or ("",)))
    rare = {label: count for label, count in sorted(counts.items()) if count < min_rows}
    known = [label for label in sorted(counts) if label not in rare]
    if len(known) < 2:
        raise LabelsError(_too_few(known, rare, min_rows, table))
    if rare:
        rows = _without_labels(rows, rare, left_out[RARE])
    if test is not None:
        train, tests, method = rows, list(test.rows), "file"
    else:
        duplicates = find_duplicates([row.text for row in rows])
        chosen = _latest(rows, duplicates, test_share) if by_time else _stratified(rows, duplicates, test_share, seed)
        train = [row for number, row in enumerate(rows) if number not in chosen]
        tests = [row for number, row in enumerate(rows) if number in chosen]
        method = "time" if by_time else "share"
    seen = {label for row in train for label in row.labels or ("",)}
    tests = _without_labels(tests, {label for row in tests for label in row.labels or ("",)} - seen, left_out[UNSEEN])
    labels = sorted(seen - {""})
    return Split(train, tests, {why: some for why, some in left_out.items() if some}, rare, labels, method)


def _stratified(rows: Sequence[LabelledRow], duplicates: Duplicates, share: float, seed: int) -> set[int]:
    """Numbers of the test rows.

    Labels are filled from the rarest on, so that rows with several labels are assigned by their rarest (the order of
    iterative stratification, Sechidis et al. 2011).
    """
    groups = _groups(duplicates)
    salt = seed.to_bytes(8, "little", signed=True)
    first = [min(exact_key(rows[number].text) for number in group) for group in groups]
    keys = [blake2b(key.encode("utf-8"), digest_size=8, salt=salt).digest() for key in first]
    of_label: dict[str, list[int]] = defaultdict(list)
    counts: Counter[str] = Counter()
    for number in sorted(range(len(groups)), key=keys.__getitem__):
        in_group = Counter(label for row in groups[number] for label in rows[row].labels or ("",))
        counts.update(in_group)
        for label in in_group:
            of_label[label].append(number)
    taken: Counter[str] = Counter()
    done = bytearray(len(groups))
    chosen: set[int] = set()
    for label in sorted(counts, key=lambda one: (counts[one], one)):
        target = min(max(1, round(share * counts[label])), counts[label] - 1)
        for number in of_label[label]:
            if done[number]:
                continue
            done[number] = 1
            in_group = Counter(one for row in groups[number] for one in rows[row].labels or ("",))
            if taken[label] + in_group[label] <= target:
                taken.update(in_group)
                chosen.update(groups[number])
    return chosen


def _latest(rows: Sequence[LabelledRow], duplicates: Duplicates, share: float) -> set[int]:
    untimed = next((row for row in rows if row.time is None), None)
    if untimed is not None:
        raise TableError(f"{untimed.line}: has no time, so rows cannot be split by time; give --time.")
    groups = _groups(duplicates)
    oldest = [min((rows[number].time, exact_key(rows[number].text)) for number in group) for group in groups]
    chosen: set[int] = set()
    for number in sorted(range(len(groups)), key=oldest.__getitem__, reverse=True):
        if len(chosen) + len(groups[number]) > share * len(rows):
            break
        chosen.update(groups[number])
    return chosen


def _groups(duplicates: Duplicates) -> list[list[int]]:
    order = np.argsort(duplicates.near, kind="stable")
    cuts = np.flatnonzero(np.diff(duplicates.near[order])) + 1
    return [part.tolist() for part in np.split(order, cuts)]


def _without(rows: list[LabelledRow], out: Sequence[bool], left_out: list[LabelledRow]) -> list[LabelledRow]:
    left_out += [row for row, is_out in zip(rows, out, strict=True) if is_out]
    return [row for row, is_out in zip(rows, out, strict=True) if not is_out]


def _without_labels(
    rows: list[LabelledRow], labels: Mapping[str, int] | set[str], left_out: list[LabelledRow]
) -> list[LabelledRow]:
    """The rows without some labels; rows that have only those are left out. The label "" stands for none."""
    kept = []
    for row in rows:
        rest = tuple(label for label in row.labels if label not in labels)
        if not rest and (row.labels or "" in labels):
            left_out.append(row)
        else:
            kept.append(row if rest == row.labels else replace(row, labels=rest))
    return kept


def _too_few(known: Sequence[str], rare: Mapping[str, int], min_rows: int, table: Table) -> str:
    have = f"only {known[0] or 'outside'!r} has" if known else "no label has"
    column = table.columns[0]
    return (
        f"{column.file}: {have} {min_rows} rows or more ({len(rare):,} labels have fewer), and learning takes two;"
        f" check that {column.label!r} is the column with the labels, or lower --min-rows."
    )
