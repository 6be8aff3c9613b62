"""Training rows of a fit, split into words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.classifier.tokenizer import Tokenizer, unquoted
from training.headlines.samples import Sample
from training.labelled.rows import LabelledRow, Table
from training.labelled.tokenizer import choose_tokenizer


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """Labelled rows, split into words, with what is needed to find the rows again."""

    codes: tuple[str, ...]
    """The labels, sorted: the topics of the model."""
    samples: tuple[Sample, ...]
    """The rows that have a word; `source` is the index of the row in `texts`."""
    texts: Sequence[str]
    """The texts of all rows."""
    lines: Sequence[int]
    """For each row, the index of the first row from the same line of a file: a line may have a title and a body."""
    tokenizer: Tokenizer
    """What the rows were split with."""
    multi_label: bool = False
    """Whether a row may have several labels, or none."""

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


def tokenize_rows(rows: Sequence[LabelledRow], codes: Sequence[str], multi_label: bool = False) -> TrainingRows:
    """Split rows into words; those without a word cannot be learned from and are left out.

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
    tokenizer = choose_tokenizer(rows)
    samples = []
    for number, row in enumerate(rows):
        words = unquoted(tokenizer.tokenize(row.text))
        if words:
            labels = tuple(numbers[label] for label in row.labels)
            labels = alike.setdefault(labels, labels)
            samples.append(Sample(tuple([shared.setdefault(word, word) for word in words]), labels, number))
    lines_of = [lines.setdefault((row.file, row.number), number) for number, row in enumerate(rows)]
    texts = [row.text for row in rows]
    return TrainingRows(tuple(codes), tuple(samples), texts, lines_of, tokenizer, multi_label)
