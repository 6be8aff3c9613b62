"""Chooses the tokenizer for labelled texts: whether symbols, and question and exclamation marks, are words."""

from collections.abc import Sequence
from typing import Final

from app.classifier.characters.marks import MARKS
from app.classifier.characters.symbols import is_symbol
from app.classifier.tokenizer import Tokenizer
from training.labelled.rows import LabelledRow

MIN_SHARE: Final = 0.01
"""Minimum share of the texts that must have a symbol, 0 to 1."""
MIN_INFORMATION: Final = 0.03
"""Minimum information of the marks about the labels, above that of chance, as a share of the most possible."""


def choose_tokenizer(rows: Sequence[LabelledRow]) -> Tokenizer:
    """The tokenizer for these rows and for later texts like them.

    Symbols, such as emoji, are words if enough rows have some; question and exclamation marks, if they tell something
    about the labels. Characters of scripts without spaces are words.
    """
    return Tokenizer(split_unspaced=True, split_symbols=_have_symbols(rows), split_marks=marks_tell_labels(rows))


def _have_symbols(rows: Sequence[LabelledRow]) -> bool:
    """Whether at least MIN_SHARE of the rows have a symbol."""
    return sum(not row.text.isascii() and any(map(is_symbol, row.text)) for row in rows) >= MIN_SHARE * len(rows)


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
