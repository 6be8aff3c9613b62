"""Labelled rows as training texts of a headline model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from training.errors import LabelsError
from training.headlines.samples import Sample, split_words
from training.labelled.rows import LabelledRow, Table


@dataclass(frozen=True, slots=True)
class Rows:
    """Labelled rows, split into words."""

    codes: tuple[str, ...]
    """The labels, sorted: the topics of the model."""
    samples: tuple[Sample, ...]
    """Rows with words; `source` is the number of the row."""
    texts: Sequence[str]
    """By number of the row."""

    @property
    def topics(self) -> int:
        """Number of labels."""
        return len(self.codes)


def single_labels(table: Table, first: bool) -> Table:
    """The table with at most one label for each row: the first, if `first`.

    Raises:
        LabelsError: rows have several labels, and `first` is false.
    """
    several = [row for row in table.rows if len(row.labels) > 1]
    if several and not first:
        raise LabelsError(
            f"{several[0].line}: has several labels, as have {len(several):,} of {len(table.rows):,} rows, and fit"
            " learns one for each row; give --first-label to learn the first, or leave one label in each row."
        )
    return replace(table, rows=[replace(row, labels=row.labels[:1]) for row in table.rows]) if several else table


def read_samples(rows: Sequence[LabelledRow], codes: Sequence[str]) -> Rows:
    """Split rows with at most one label into words; those without a word cannot be learned from and are left out."""
    numbers = {code: (label,) for label, code in enumerate(codes)}
    shared: dict[str, str] = {}  # rows share the words that they have in common, which saves most of the memory
    samples = []
    for number, row in enumerate(rows):
        words = split_words(row.text, split_unspaced=True)
        if words:
            labels = numbers[row.labels[0]] if row.labels else ()
            samples.append(Sample(tuple(shared.setdefault(word, word) for word in words), labels, number))
    return Rows(tuple(codes), tuple(samples), [row.text for row in rows])
