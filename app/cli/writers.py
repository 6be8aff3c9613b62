"""Writes answers as a table in JSON Lines or CSV, with the same columns in both."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from pydantic_core import to_json

from app.cli.readers.row import Row

OutputFormat = Literal["jsonl", "csv"]
BulkOutputFormat = OutputFormat | Literal["parquet"]

_FORMULA = re.compile(
    r"^(?=[\t\r\n])|(?:^|(?<=[;\t\r\n]))(?=(?:[^\S\t\r\n]|\ufeff)*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])"
    r"(?![+-]?[0-9]+(?:\.[0-9]+)?(?:[;\t\r\n]|$))"
)
"""Places where a spreadsheet may begin a formula; csv.js, the page's download, has the same rule. One that expects
semicolons, as in German, splits rows at them and at line ends even inside quotes: `1,"a;=b()"` becomes `1,"a` and
`=b()"`."""


class Prediction(NamedTuple):
    """A topic and its probability, 0 to 1."""

    topic: str
    name: str
    probability: float


class Answer(NamedTuple):
    """The model's result for one headline, from this process or from a service."""

    predictions: Sequence[Prediction]
    """Most probable first; empty if the model knows no word of the headline."""
    abstained: str | None
    """Reason why the model abstains, such as `no_known_words`; None if it does not."""
    outside: float | None = None
    """Probability that the headline is about none of the topics; None if the model has no outside class."""
    topic_set: Sequence[str] | None = None
    """Codes of the prediction set or, if a headline may have several labels, of those that it has; None without one."""


def columns(top_k: int) -> list[str]:
    """Names of the output columns, without the input columns that --keep appends."""
    more = [name for rank in range(2, top_k + 1) for name in (f"topic_{rank}", f"probability_{rank}")]
    return ["line", "headline", "topic", "name", "probability", *more, "outside", "abstained", "topic_set"]


class Writer:
    """Turns answers into bytes of JSON Lines or CSV, a chunk of rows at a time."""

    def __init__(self, form: OutputFormat, top_k: int, kept: Sequence[str] | None = ()) -> None:
        """Prepare the columns.

        Args:
            form: `jsonl` or `csv`.
            top_k: topics per row.
            kept: input columns appended to each row; None, for JSON Lines only: all that the row itself has.
        """
        self._form = form
        self._columns = columns(top_k)
        self._kept = kept
        self._empty_cells = [None] * (len(self._columns) - 5)

    def header(self) -> bytes:
        """The CSV header line; empty for JSON Lines."""
        return spreadsheet_csv([[*self._columns, *(self._kept or ())]]) if self._form == "csv" else b""

    def rows(self, table: Sequence[tuple[Row, Answer]]) -> bytes:
        """The lines for some rows and their answers."""
        values = self.values(table)
        if self._form == "jsonl":
            names = self._columns
            if self._kept is not None and not self._kept:
                return b"".join([to_json(dict(zip(names, row_values, strict=True))) + b"\n" for row_values in values])
            pairs = zip(table, values, strict=True)
            objects = [dict(zip(names, row_values, strict=True)) | dict(row.kept) for (row, _), row_values in pairs]
            return b"".join([to_json(row_object, inf_nan_mode="null") + b"\n" for row_object in objects])
        for cells, (row, _) in zip(values, table, strict=True):
            cells[-1] = _joined(cells[-1])
            cells += [_cell(row.kept.get(name)) for name in self._kept or ()]
        return spreadsheet_csv(values)

    def values(self, table: Iterable[tuple[Row, Answer]]) -> list[list[Any]]:
        """The cells of each row, one per name in `columns`."""
        return [[row.line, row.headline, *self._values(answer)] for row, answer in table]

    def _values(self, answer: Answer) -> list[Any]:
        if not answer.predictions:
            return [*self._empty_cells, answer.outside, answer.abstained, answer.topic_set]
        best, *others = answer.predictions
        values: list[Any] = [*best]
        for prediction in others:
            values += (prediction.topic, prediction.probability)
        return [*values, answer.outside, answer.abstained, answer.topic_set]


def _cell(value: object) -> str:
    """A kept value as CSV text: strings unchanged, everything else as JSON, None as an empty cell."""
    if isinstance(value, str):
        return value
    return "" if value is None else to_json(value, inf_nan_mode="null").decode()


def _joined(codes: Sequence[str] | None) -> str | None:
    """Codes separated by spaces, or as a JSON array if one has a space; the page's download has the same."""
    if not codes:
        return None
    return " ".join(codes) if all(len(code.split()) == 1 for code in codes) else to_json(codes).decode()


def _safe(text: str) -> str:
    """Put an apostrophe where a spreadsheet would evaluate a formula (OWASP, CSV injection), but keep numbers."""
    if text[:1].isalnum() and text.isprintable() and ";" not in text:  # a tenth of the time
        return text
    return _FORMULA.sub("'", text)


def spreadsheet_csv(rows: Iterable[Sequence[object]]) -> bytes:
    """Rows as CSV whose texts no spreadsheet evaluates as formulas."""
    safe = [[_safe(value) if isinstance(value, str) else value for value in row] for row in rows]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(safe)
    if "\r" in (written := text.getvalue()):
        # Python 3.11 quotes a cell that holds CR only if the line terminator holds one too; unquoted, other CSV readers
        # would end the row at the CR.
        lines = []
        for row in safe:
            text = io.StringIO()
            csv.writer(text, lineterminator="\r\n").writerow(row)
            lines.append(text.getvalue().removesuffix("\r\n"))
        written = "\n".join(lines) + "\n"
    return written.encode()
