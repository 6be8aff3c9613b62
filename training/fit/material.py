"""Labelled rows as training texts of a headline model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from training.headlines.samples import Sample, split_words
from training.labelled.rows import LabelledRow, Table
from training.labelled.symbols import have_symbols


@dataclass(frozen=True, slots=True)
class Rows:
    """Labelled rows, split into words."""

    codes: tuple[str, ...]
    """The labels, sorted: the topics of the model."""
    samples: tuple[Sample, ...]
    """Rows with words; `source` is the number of the row."""
    texts: Sequence[str]
    """By number of the row."""
    lines: Sequence[int]
    """By number of the row: that of the first row from the same line of a file. Titles and bodies may be one line."""
    multi_label: bool = False
    """Whether a row may have several labels, or none."""
    split_symbols: bool = False
    """Whether symbols, such as emoji, are words."""

    @property
    def topics(self) -> int:
        """Number of labels."""
        return len(self.codes)

    @property
    def labelled(self) -> int:
        """Number of `samples` that have a label; the others are about none of the labels."""
        return sum(bool(sample.labels) for sample in self.samples)


def first_labels(table: Table) -> Table:
    """The table with the first label of each row only."""
    return replace(table, rows=[replace(row, labels=row.labels[:1]) for row in table.rows])


def read_samples(rows: Sequence[LabelledRow], codes: Sequence[str], multi_label: bool = False) -> Rows:
    """Split rows into words; those without a word cannot be learned from and are left out.

    Symbols, such as emoji, are words if enough rows have some.

    Args:
        rows: labelled rows.
        codes: the labels, sorted.
        multi_label: whether a row may have several labels, or none; otherwise it has one, or is about none of them.
    """
    numbers = {code: label for label, code in enumerate(codes)}
    lines: dict[tuple[str, int], int] = {}
    # Rows share the words and labels that they have in common, which saves most of the memory.
    shared: dict[str, str] = {}
    alike: dict[tuple[int, ...], tuple[int, ...]] = {}
    split_symbols = have_symbols([row.text for row in rows])
    samples = []
    for number, row in enumerate(rows):
        words = split_words(row.text, split_unspaced=True, split_symbols=split_symbols)
        if words:
            labels = tuple(numbers[label] for label in row.labels)
            labels = alike.setdefault(labels, labels)
            samples.append(Sample(tuple([shared.setdefault(word, word) for word in words]), labels, number))
    lines_of = [lines.setdefault((row.file, row.number), number) for number, row in enumerate(rows)]
    texts = [row.text for row in rows]
    return Rows(tuple(codes), tuple(samples), texts, lines_of, multi_label, split_symbols)
