"""Rows whose labels a bundle knows, and the numbers of these labels."""

from collections import Counter
from collections.abc import Sequence

from training.errors import LabelsError
from training.labelled.rows import LabelledRow
from training.wording import listed


def known_rows(
    rows: Sequence[LabelledRow], codes: Sequence[str], bundle: str = "the bundle"
) -> tuple[list[LabelledRow], dict[str, int]]:
    """Leave out the rows that have labels, but none of a bundle's.

    Args:
        rows: at least one.
        codes: the labels of the bundle.
        bundle: its name in messages.

    Returns:
        The other rows; and the labels of those left out, with their number of rows, most frequent first.

    Raises:
        LabelsError: no row has one of the bundle's labels.
    """
    known, unknown = set(codes), Counter[str]()
    kept = []
    for row in rows:
        if row.labels and known.isdisjoint(row.labels):
            unknown.update(row.labels)
        else:
            kept.append(row)
    if not any(row.labels for row in kept):
        others = f", but {listed(list(unknown))}" if unknown else ""
        raise LabelsError(
            f"{rows[0].file}: no row has a label of {bundle} ({listed(codes)}){others}; check the file, its column of"
            " labels, and the bundle."
        )
    return kept, dict(unknown.most_common())


def label_numbers(rows: Sequence[LabelledRow], codes: Sequence[str]) -> list[list[int]]:
    """Each row's labels as their indices in `codes`; other labels are left out."""
    numbers = {code: number for number, code in enumerate(codes)}
    return [[numbers[label] for label in row.labels if label in numbers] for row in rows]
