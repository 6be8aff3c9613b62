"""What a check of labelled rows finds, as data."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

from training.labelled.columns import Columns
from training.labelled.rows import BadRow

MAX_EXAMPLES: Final = 3
"""Maximum number of examples of a label, and of texts of a group of duplicates."""
MAX_EXAMPLE_CHARACTERS: Final = 1_000
"""Maximum number of characters of an example."""
MAX_GROUPS: Final = 10
"""Maximum number of groups of duplicates that are listed; all are counted."""


def example(text: str) -> str:
    """The text as an example: at most MAX_EXAMPLE_CHARACTERS characters, with an ellipsis if something is missing."""
    return text if len(text) <= MAX_EXAMPLE_CHARACTERS else text[:MAX_EXAMPLE_CHARACTERS] + "…"


@dataclasses.dataclass(frozen=True, slots=True)
class LabelCount:
    """Rows of one label."""

    label: str
    rows: int
    """Readable rows, including those left out."""
    train: int
    test: int
    examples: Sequence[str]


@dataclasses.dataclass(frozen=True, slots=True)
class TextGroup:
    """Rows with the same or nearly the same text."""

    texts: Sequence[str]
    """Up to MAX_EXAMPLES different ones."""
    rows: int
    labels: Mapping[str, int]
    """Label -> rows, most frequent first; "" stands for none."""
    lines: Sequence[str]
    """`FILE:LINE` of the first MAX_EXAMPLES rows."""


@dataclasses.dataclass(frozen=True, slots=True)
class Groups:
    """Groups of duplicates."""

    count: int
    rows: int
    """In all groups."""
    largest: Sequence[TextGroup]
    """Up to MAX_GROUPS."""


@dataclasses.dataclass(frozen=True, slots=True)
class Distribution:
    """Lengths of the texts."""

    least: int
    median: int
    high: int
    """95% of the texts are at most as long."""
    most: int


@dataclasses.dataclass(frozen=True, slots=True)
class DataReport:
    """Everything that a check finds; `notes` says in sentences what deserves attention."""

    columns: Sequence[Columns]
    rows: int
    """Readable rows: training, test and left out."""
    bad: int
    bad_reasons: Mapping[str, int]
    first_bad: Sequence[BadRow]
    """Of each reason, in each of the training files and the test files together."""
    train: int
    test: int
    method: str
    """How test rows were chosen: `share`, `time` or `file`."""
    left_out: Mapping[str, int]
    """Reason -> rows."""
    labels: Sequence[LabelCount]
    """Of training rows, most frequent first."""
    outside: LabelCount | None
    """Rows about none of the labels."""
    rare: Mapping[str, int]
    """Labels with too few rows -> rows."""
    rows_with_several_labels: int
    most_labels: int
    """Of one row."""
    similar_labels: Sequence[Sequence[str]]
    """Labels that differ only in case, spaces, punctuation, a final s or .0, or Unicode form (such as full width)."""
    scripts: Mapping[str, int]
    """Script -> rows, most frequent first."""
    characters: Distribution
    words: Distribution
    one_word: int
    """Rows of one word or none."""
    no_word: int
    several_lines: int
    """Rows with a line break in their text."""
    html_entities: int
    """Rows with `&amp;` or the like in their text."""
    exact: Groups
    """Texts that occur more than once."""
    near: Groups
    """Near duplicates, of groups with different texts."""
    conflicts: Groups
    """Texts under different labels."""
    shared: Groups
    """Near duplicates of which some are training rows and some are test rows."""
    shared_test: int
    """Test rows among these."""
    times: Mapping[str, tuple[str, str]]
    """First and last time, in UTC, of the training rows and of the test rows; empty without a time column."""
    notes: Sequence[str]

    def as_dict(self) -> dict[str, Any]:
        """The report as values for JSON."""
        report = dataclasses.asdict(self)
        for columns in report["columns"]:
            if len(columns["text"]) == 1:  # a name, and not a list, for programs that read only this
                [columns["text"]] = columns["text"]
        return report
