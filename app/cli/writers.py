"""Answers as a table, in JSON Lines or CSV; the same columns in both."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from pydantic_core import to_json

from app.cli.readers.row import Row

Format = Literal["jsonl", "csv"]
BulkFormat = Format | Literal["parquet"]

_FORMULA = re.compile(r"[\s\ufeff]*[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]")
"""So a text begins that a spreadsheet may take for a formula; the page's download (csv.js) has the same rule."""
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


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
    """The names of a table's columns, without those kept of the input."""
    more = [name for rank in range(2, top_k + 1) for name in (f"topic_{rank}", f"probability_{rank}")]
    return ["line", "headline", "topic", "name", "probability", *more, "abstained"]


def clear_names(names: Iterable[str], taken: Iterable[str]) -> list[str]:
    """What kept columns are called: `input_` goes before a name until it is not taken."""
    used = set(taken)
    clear = []
    for name in names:
        while name in used:
            name = f"input_{name}"  # noqa: PLW2901
        used.add(name)
        clear.append(name)
    return clear


class Writer:
    """Turns verdicts into bytes, some at a time."""

    def __init__(self, form: Format, top_k: int, kept: Sequence[str] | None = ()) -> None:
        """`kept`: columns of the input that come last; None, for JSON Lines only: as each row has them."""
        self._form = form
        self._columns = columns(top_k)
        self._kept = kept
        self._nothing = [None] * (len(self._columns) - 3)

    def head(self) -> bytes:
        """What comes before the first row."""
        return _csv([[_safe(name) for name in (*self._columns, *(self._kept or ()))]]) if self._form == "csv" else b""

    def rows(self, table: Sequence[tuple[Row, Verdict]]) -> bytes:
        """Some headlines and what was said of them."""
        values = self.values(table)
        if self._form == "jsonl":
            names = self._columns
            if self._kept is not None and not self._kept:
                return b"".join([to_json(dict(zip(names, one, strict=True))) + b"\n" for one in values])
            pairs = zip(table, values, strict=True)
            objects = [dict(zip(names, one, strict=True)) | dict(row.kept) for (row, _), one in pairs]
            return b"".join([to_json(one, inf_nan_mode="null") + b"\n" for one in objects])
        cells = [[_safe(value) if isinstance(value, str) else value for value in one] for one in values]
        if self._kept:
            for one, (row, _) in zip(cells, table, strict=True):
                one += [_safe(_cell(row.kept.get(name))) for name in self._kept]
        return _csv(cells)

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


def _cell(value: object) -> str:
    """A kept value: a text as it is, anything else as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else to_json(value, inf_nan_mode="null").decode()


def _safe(text: str) -> str:
    """An apostrophe before what a spreadsheet would run as a formula (OWASP, CSV injection); plain numbers stay."""
    if text[:1].isalnum() or not _FORMULA.match(text) or _NUMBER.fullmatch(text):
        return text
    return f"'{text}"


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    if "\r" in (written := text.getvalue()):
        # Python 3.11 quotes a cell with CR only if rows end with one, and other readers would end the row there.
        lines = []
        for row in rows:
            text = io.StringIO()
            csv.writer(text, lineterminator="\r\n").writerow(row)
            lines.append(text.getvalue().removesuffix("\r\n"))
        written = "\n".join(lines) + "\n"
    return written.encode()
