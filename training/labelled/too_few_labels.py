"""The error for rows that have fewer than two labels to train on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from training.labelled.rows import LabelledRow, Table
from training.labelled.stratification import OUTSIDE

LEAST_ROWS: Final = 2
"""The lowest number that --min-rows may be."""


def too_few_labels(
    kept: AbstractSet[str], rare: Mapping[str, int], min_rows: int, table: Table, in_test: Sequence[LabelledRow]
) -> str:
    """Why fewer than two labels are left to train on, and what changes that.

    Args:
        kept: labels with enough rows, and OUTSIDE if so many are about none of the labels.
        rare: the others, and their numbers of rows.
        min_rows: how many rows are enough.
        table: the rows.
        in_test: those that are left out, because their text is also in the test file.
    """
    column, rows = table.columns[0], len(table.rows)
    if len(in_test) == rows:
        return (
            f"{column.file}: the text of every row is also in the test file, so no row is left to train on;"
            " give --test rows with other texts, or leave it out."
        )
    counts = Counter(rare) + Counter(dict.fromkeys(kept, min_rows))
    counts.update(label for row in in_test for label in row.labels)
    labels = {label for label, count in counts.items() if label and count >= min_rows}
    few = {label: count for label, count in counts.items() if label and count < min_rows}
    if in_test and len(labels) >= 2:
        left_out = "is left out, because its" if len(in_test) == 1 else "are left out, because their"
        return (
            f"{column.file}: {len(in_test):,} of {rows:,} rows {left_out} text is also in the test"
            f" file, and of the others fewer than two labels have {min_rows} rows or more; give --test rows with other"
            " texts, or leave it out."
        )
    has = f"only {next(iter(labels))!r} has" if labels else "no label has"
    lower = ", or lower --min-rows" if len(labels) + sum(count >= LEAST_ROWS for count in few.values()) >= 2 else ""
    if OUTSIDE in kept and (labels or few):
        return (
            f"{column.file}: {has} {min_rows} rows or more besides the rows about none of the labels, but"
            " training needs two labels; leave out --outside, and give rows without a label one, such as"
            f" 'other'{lower}."
        )
    needs = f"but training needs two; check that {column.label!r} is the column with the labels"
    if not few:
        which = "all rows" if all(row.labels for row in table.rows) else "all rows with a label"
        only = f"{which} are under {next(iter(labels))!r}" if labels else "no row has a label"
        return f"{column.file}: {only}, {needs}."
    fewer = "1 label has" if len(few) == 1 else f"{len(few):,} labels have"
    return f"{column.file}: {has} {min_rows} rows or more ({fewer} fewer), {needs}{lower or ', or add rows'}."
