"""Labelled rows as training texts of a headline model."""

from collections.abc import Sequence
from dataclasses import dataclass

from training.errors import LabelsError
from training.headlines.samples import Sample, split_words
from training.labelled.rows import LabelledRow


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


def read_samples(rows: Sequence[LabelledRow], codes: Sequence[str]) -> Rows:
    """Split rows into words; those without a word cannot be learned from and are left out.

    Raises:
        LabelsError: a row has several labels.
    """
    numbers = {code: (label,) for label, code in enumerate(codes)}
    shared: dict[str, str] = {}  # rows share the words that they have in common, which saves most of the memory
    samples = []
    for number, row in enumerate(rows):
        if len(row.labels) > 1:
            raise LabelsError(f"{row.line}: has several labels, and fit learns one per row; give one label per row.")
        words = split_words(row.text, split_unspaced=True)
        if words:
            labels = numbers[row.labels[0]] if row.labels else ()
            samples.append(Sample(tuple(shared.setdefault(word, word) for word in words), labels, number))
    return Rows(tuple(codes), tuple(samples), [row.text for row in rows])
