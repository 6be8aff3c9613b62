"""Which optional words texts are split into: symbols, such as emoji, and question and exclamation marks."""

from collections.abc import Sequence
from typing import Final

from app.classifier.characters.marks import MARKS
from app.classifier.characters.symbols import is_symbol
from training.labelled.rows import LabelledRow

MIN_SHARE: Final = 0.01
"""Minimum share of the texts that must have a symbol, 0 to 1."""
MIN_INFORMATION: Final = 0.03
"""Minimum information of the marks about the labels, above that of chance, as a share of the most possible."""


def has_symbol(text: str) -> bool:
    """Whether a text has a symbol that `split_symbols` makes a word."""
    return not text.isascii() and any(map(is_symbol, text))


def have_symbols(texts: Sequence[str]) -> bool:
    """Whether at least MIN_SHARE of the texts have a symbol."""
    return sum(map(has_symbol, texts)) >= MIN_SHARE * len(texts)


def marks_tell_labels(rows: Sequence[LabelledRow]) -> bool:
    """Whether the marks of a text tell enough about its labels for `split_marks`.

    Measured by adjusted mutual information (Vinh et al. 2010, https://jmlr.org/papers/v11/vinh10a.html), which is 0 on
    average if they are independent, however few rows a label has.
    """
    marks = ["".join(sorted({MARKS[character] for character in row.text if character in MARKS})) for row in rows]
    if len({*marks}) < 2:  # if all labels are the same, too, the score is 1
        return False
    from sklearn.metrics import adjusted_mutual_info_score  # noqa: PLC0415 - takes a second that --help need not

    labels = ["\0".join(sorted(row.labels)) for row in rows]
    return bool(adjusted_mutual_info_score(labels, marks, average_method="max") >= MIN_INFORMATION)
