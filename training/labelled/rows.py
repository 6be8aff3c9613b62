"""A table of labelled rows, as read from files: the rows, and those that could not be read."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from app.cli.readers.row import Row
from training.labelled.columns import Columns

MAX_CHARACTERS: Final = 20_000
"""A longer text is a bad row; the default of TOPICS_MAX_CHARACTERS, above which the service refuses a text."""
LABEL, TIME = "label", "time"
"""Names of the kept columns in a Row."""

OpenedFile = tuple[Columns, Iterator[Row]]
"""The columns of a file, and its rows, bad ones included."""


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """A text and its labels."""

    text: str
    labels: tuple[str, ...]
    """Without duplicates, in the order of the file; empty: the text is about none of the labels (outside)."""
    file: str
    number: int
    """Line where the row begins, from 1, including a header; in a JSON array or Parquet file, the row from 1."""
    time: datetime | None = None
    """In UTC; None unless a time column was read."""

    @property
    def line(self) -> str:
        """`FILE:LINE`, for messages."""
        return f"{self.file}:{self.number}"


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was left out because it could not be read."""

    line: str
    """`FILE:LINE`."""
    why: str
    """The rest of a sentence that begins with the line, such as `has no text`."""


@dataclass(frozen=True, slots=True)
class Table:
    """Everything that was read from some files."""

    rows: Sequence[LabelledRow]
    columns: Sequence[Columns]
    """One element per file."""
    bad_reasons: Mapping[str, int] = field(default_factory=dict)
    """Why rows could not be read, most frequent first -> how many."""
    first_bad: Sequence[BadRow] = ()
    """The first of each reason."""
    outside_labels: Collection[str] = ()
    """Labels of texts about none of the labels that some row has."""

    @property
    def bad(self) -> int:
        """How many rows could not be read."""
        return sum(self.bad_reasons.values())
