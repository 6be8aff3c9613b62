"""Answers as a table, in JSON Lines or CSV; the same columns in both."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from pydantic_core import to_json

from app.commands.reading import Row

Format = Literal["jsonl", "csv"]
BulkFormat = Format | Literal["parquet"]


class Guess(NamedTuple):
    """A topic and how probable it is."""

    topic: str
    name: str
    probability: float


class Verdict(NamedTuple):
    """What the model says of one headline, whoever asked it."""

    guesses: Sequence[Guess]
    """Most probable first; empty when not one word is known."""
    abstained: str | None


def columns(top_k: int) -> list[str]:
    """The names of a table's columns."""
    more = [name for rank in range(2, top_k + 1) for name in (f"topic_{rank}", f"probability_{rank}")]
    return ["line", "headline", "topic", "name", "probability", *more, "abstained"]


class Writer:
    """Turns verdicts into bytes, some at a time."""

    def __init__(self, form: Format, top_k: int) -> None:
        self._form = form
        self._columns = columns(top_k)
        self._nothing = [None] * (len(self._columns) - 3)

    def head(self) -> bytes:
        """What comes before the first row."""
        return self._csv([self._columns]) if self._form == "csv" else b""

    def rows(self, table: Iterable[tuple[Row, Verdict]]) -> bytes:
        """Some headlines and what was said of them."""
        values = self.values(table)
        if self._form == "csv":
            return self._csv(values)
        names = self._columns
        return b"".join([to_json(dict(zip(names, one, strict=True))) + b"\n" for one in values])

    def values(self, table: Iterable[tuple[Row, Verdict]]) -> list[list[Any]]:
        """The same as values, one for each of `columns`."""
        return [[row.line, row.headline, *self._values(verdict)] for row, verdict in table]

    def _values(self, verdict: Verdict) -> list[Any]:
        if not verdict.guesses:
            return [*self._nothing, verdict.abstained]
        best, *others = verdict.guesses
        values: list[Any] = [*best]
        for guess in others:
            values += (guess.topic, guess.probability)
        return [*values, verdict.abstained]

    @staticmethod
    def _csv(rows: Sequence[Sequence[object]]) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        return text.getvalue().encode()
