"""Finds the columns with texts, labels and times, by the requested or by common names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.cli.readers.row import ignoring_case, is_text
from training.errors import ColumnError
from training.wording import listed

TEXT_NAMES: Final = frozenset(
    {
        *("headline", "title", "text", "sentence", "question", "query", "utterance", "message", "tweet", "review"),
        *("content", "description", "body", "abstract", "summary"),
    }
)
LABEL_NAMES: Final = frozenset(
    {
        *("label", "category", "categories", "section", "topic", "class", "classes", "tag", "intent", "sentiment"),
        *("emotion", "target", "genre"),
    }
)
"""Usual names of columns, in lower case; a plural s may follow."""
GUESSES: Final = ("guess", "second_guess")
"""Columns of files that `fit --unlabelled` writes: texts whose labels are still to be filled in."""
CORRECTIONS: Final = ("text", "label", "model", "probability")
"""Columns of the page's corrections. The first two may also have the names given by --text and --label."""
NESTED: Final = "Nested fields are not read; make columns of them"
"""What to do about them; how may follow."""
HEADER_BELOW: Final = "If the header is further down, delete the lines above it."


@dataclass(frozen=True, slots=True)
class RequestedColumns:
    """The columns to read: each a name, or a number from 1 if the files have no header."""

    text: tuple[str, ...] = ()
    """Those whose texts are joined, in this order; empty: the one with a usual name, such as `headline`."""
    label: str | None = None
    """None: the one with a usual name, such as `category`."""
    time: str | None = None
    """One with ISO 8601 times, years, or seconds since 1970; None: no times are read."""

    @property
    def given(self) -> list[str]:
        """All that are not to be found."""
        return [*self.text, *(name for name in (self.label, self.time) if name is not None)]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that are read from a file: names, or numbers from 1 if the file has no header."""

    file: str
    text: tuple[str, ...]
    """Those whose texts are joined, in this order; mostly one."""
    label: str
    time: str | None
    """None also for a file of this project, which has no times (see `find_columns`)."""
    guessed: tuple[str, ...]
    """Which of `text` and `label` were found by their names or values rather than given."""
    unused: tuple[str, ...] = ()
    """The others, if `text` was guessed: it may be only a part of the text."""
    to_label: bool = False
    """Whether `fit --unlabelled` wrote the file, so that a row without a label is one that nobody has labelled yet."""
    classes: int = 0
    """Number of classes that the file names, if the column of labels has their numbers (see `parquet.class_names`)."""


def find_columns(
    names: Sequence[str],
    requested: RequestedColumns,
    file: str,
    *,
    from_header: bool = False,
    nested: str = "",
) -> Columns:
    """Columns of a file with named columns.

    Texts to label that `fit --unlabelled` wrote, and corrections from the page, need no column with times. In
    corrections, which the page downloads with the same names for every model, `text` and `label` replace requested
    columns that are not there.

    Args:
        names: of its columns.
        requested: the columns to read; case is ignored if no column has exactly this name.
        file: its name in messages.
        from_header: the names are the first line of a CSV or TSV file, which may be a row.
        nested: what to do if the columns are in fields of others; if one is not found, it ends the error.

    Raises:
        ColumnError: a column is not there, occurs twice, or cannot be guessed without doubt.
    """
    requested = RequestedColumns(
        tuple(ignoring_case(name, names) for name in requested.text),
        None if requested.label is None else ignoring_case(requested.label, names),
        None if requested.time is None else ignoring_case(requested.time, names),
    )
    if set(names) == set(CORRECTIONS):
        requested = replace(
            requested,
            text=requested.text if set(names).issuperset(requested.text) else (),
            label=requested.label if requested.label in names else None,
        )
    to_label = set(GUESSES).issubset(names)
    corrections = {*(requested.text or CORRECTIONS[:1]), requested.label or CORRECTIONS[1], *CORRECTIONS[2:]}
    # A table of, say, cars has a column `model`, too: only a file with no other columns has corrections.
    if requested.time not in names and (to_label or set(names) == corrections):
        requested = replace(requested, time=None)
    for name in requested.given:
        ensure_column(name, names, file, from_header=from_header, nested=nested)
    text = requested.text or _usual(names, TEXT_NAMES, requested)
    label = requested.label or next(iter(_usual(names, LABEL_NAMES, requested)), None)
    if len(names) == 2 and requested.time is None and (not text) != (label is None):
        text = text or tuple(name for name in names if name != label)
        label = label or next((name for name in names if name not in text), None)
    if not text or label is None:
        if label is not None and (usual := _all_usual(names, TEXT_NAMES, requested)):
            raise ColumnError(
                f"{file}: it is unclear which column has the texts, {' or '.join(map(repr, usual))}; use --text for the"
                " right one, or for each that belongs to the text."
            )
        both = not text and label is None
        missing = "texts and which the labels" if both else "texts" if not text else "labels"
        options = "--text and --label" if both else "--text" if not text else "--label"
        separators = " Columns are separated by commas, semicolons or tabs (in .tsv files, by tabs only)."
        advice = HEADER_BELOW if _is_no_header(names) else "If that line is a row and not a header, add --no-header."
        first_line = f"The first line has: {listed(names)}.{separators if len(names) == 1 else ''} {advice}"
        shown = first_line if from_header else f"It has: {listed(names)}.{f' {nested}' if nested else ''}"
        raise ColumnError(f"{file}: it is unclear which column has the {missing}; use {options}. {shown}")
    unused = () if requested.text else tuple(name for name in names if name not in (*text, label, requested.time))
    return replace(_distinct(file, text, label, requested), unused=unused, to_label=to_label)


def find_numbered(rows: Sequence[Sequence[str]], requested: RequestedColumns, file: str) -> Columns:
    """Columns of a file without a header, from its first rows; their names are numbers from 1.

    Of two columns, the labels are those that repeat and are shorter.

    Raises:
        ColumnError: a number is not that of a column, or the columns cannot be guessed without doubt.
    """
    width = len(rows[0])
    numbers = [str(number) for number in range(1, width + 1)]
    for name in requested.given:
        if name not in numbers:
            raise ColumnError(
                f"{file}: there is no column {name!r}; without a header, columns are numbers from 1 to {width}."
            )
    text, label = requested.text, requested.label
    open_numbers = [number for number in numbers if number not in requested.given]
    if not text and label is None and len(open_numbers) == 2:
        text, label = _by_values(rows, open_numbers)
    elif len(open_numbers) == 1 and (not text or label is None):
        text, label = text or (open_numbers[0],), label or open_numbers[0]
    if not text or label is None:
        raise ColumnError(
            f"{file}: it is unclear which of its {width} columns have texts and labels; give their numbers,"
            f" such as --text 2 --label 1. The first line has: {listed(rows[0])}."
        )
    return _distinct(file, text, label, requested)


def ensure_column(name: str, names: Sequence[str], file: str, *, from_header: bool = False, nested: str = "") -> None:
    """Raise ColumnError unless exactly one of the columns has the name; parameters as of `find_columns`."""
    if name not in names:
        hint = ""
        if from_header and name.isdecimal():
            hint = " Columns have numbers only with --no-header."
        elif from_header and _is_no_header(names):
            hint = f" {HEADER_BELOW}"
        elif nested:
            hint = f" {nested}"
        has = f"it has: {listed(names)}" if names else "it has none"
        raise ColumnError(f"{file}: there is no column {name!r}; {has}.{hint}")
    if names.count(name) > 1:
        raise ColumnError(f"{file}: there are {names.count(name)} columns {name!r}; rename all but one.")


def is_usual(name: str, usual: frozenset[str]) -> bool:
    """Whether a column has one of the usual names, of texts or of labels."""
    return not usual.isdisjoint({name.strip().lower(), name.strip().lower().removesuffix("s")})


def _is_no_header(names: Sequence[str]) -> bool:
    """Whether fewer than two columns have a name, such as in a line with the title of a table."""
    return sum(map(bool, names)) < 2


def _distinct(file: str, text: tuple[str, ...], label: str, requested: RequestedColumns) -> Columns:
    """The columns; raises ColumnError if two of them are the same, or a name is not text."""
    for name in (*text, label, requested.time or ""):
        if not is_text(name):
            raise ColumnError(f"{file}: the name of the column {name!r} is not valid Unicode; rename it.")
        if text.count(name) > 1:
            raise ColumnError(f"{file}: the column {name!r} is named more than once; name it once with --text.")
    if label in text or requested.time in (*text, label):
        raise ColumnError(f"{file}: text, label and time must be different columns; correct --text, --label or --time.")
    given = (("text", requested.text), ("label", requested.label))
    return Columns(file, text, label, requested.time, guessed=tuple(column for column, name in given if not name))


def _usual(names: Sequence[str], usual: frozenset[str], requested: RequestedColumns) -> tuple[str, ...]:
    """The one column with a usual name; empty if there are none or several."""
    matches = _all_usual(names, usual, requested)
    return matches if len(matches) == 1 else ()


def _all_usual(names: Sequence[str], usual: frozenset[str], requested: RequestedColumns) -> tuple[str, ...]:
    return tuple(name for name in names if name not in requested.given and is_usual(name, usual))


def _by_values(rows: Sequence[Sequence[str]], numbers: Sequence[str]) -> tuple[tuple[str, ...], str | None]:
    """Text and label column of two, if one has both fewer different values and shorter ones, and they repeat."""
    values = {number: [row[int(number) - 1] for row in rows] for number in numbers}
    different: Callable[[str], int] = lambda number: len(set(values[number]))  # noqa: E731
    label, text = sorted(numbers, key=different)
    shorter = sum(map(len, values[label])) < sum(map(len, values[text]))
    return ((text,), label) if shorter and 2 * different(label) <= len(rows) else ((), None)
