"""Values of label and time cells: a cell becomes labels or a time, or the reason why it cannot."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, TypeGuard

from pydantic_core import from_json

from app.control_characters import has_control_character

MAX_LABEL_CHARACTERS: Final = 200
"""Maximum length of a label; a longer one is probably a text from another column."""

NO_LABEL: Final = "has no label"
NOT_YET: Final = "has no label yet"
"""Of a text that `fit --unlabelled` listed to be labelled."""

_ELEMENT: Final = r"""(?:'([^'\\]*+)'|"([^"\\]*+)"|(-?\d++))"""
_LIST: Final = re.compile(rf"\[\s*+{_ELEMENT}(?:(?:\s*+,\s*+|\s++){_ELEMENT})*+\s*+\]")
"""A list as pandas writes it to CSV: that of Python, and that of NumPy, which has no commas. Possessive quantifiers
keep the time linear. A list with escapes does not match."""


class CellError(Exception):
    """Why a row is bad: the rest of a sentence that begins with its line."""


def parse_labels(
    value: object,
    separator: str | None,
    outside: Collection[str],
    found: set[str] | None = None,
    *,
    to_label: bool = False,
) -> tuple[str, ...]:
    """Labels of a row, without duplicates; empty if it is about none of the labels.

    Args:
        value: a cell: text, a number, a list of them, or several choices in Label Studio, `{"choices": ["a", "b"]}`.
            Lists and choices may also be text, as in CSV.
        separator: between several labels in one cell; None: the cell is one label.
        outside: the labels that mark a text about none of the labels. If there are any, so does an empty cell.
        found: those of `outside` that the cell has are added to it.
        to_label: an empty cell is one that nobody has filled in yet, whatever `outside` is.

    Raises:
        CellError: there is no label and `outside` is empty, nobody has filled in the cell yet, or a label is not a
            short printable text.
    """
    labels: dict[str, None] = {}
    filled_in = False
    for part in _parts(value):
        text = _text(part)
        for label in map(str.strip, text.split(separator) if separator else (text,)):
            filled_in = filled_in or bool(label)
            if label in outside:
                if found is not None:
                    found.add(label)
            elif label:
                labels[_validated(label)] = None
    if to_label and not filled_in:
        raise CellError(NOT_YET)
    if not labels and not outside:
        raise CellError(NO_LABEL)
    return tuple(labels)


def parse_time(value: object) -> datetime:
    """Parse ISO 8601, a year, or seconds since 1970 to a time in UTC; a time without a time zone is taken to be UTC.

    Raises:
        CellError: it is none of these.
    """
    try:
        if isinstance(value, datetime):
            time = value
        elif isinstance(value, date):
            time = datetime(value.year, value.month, value.day)
        elif isinstance(value, str) and not _is_number(value):
            time = datetime.fromisoformat(value.strip())
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            time = _from_number(float(value))
        else:
            raise CellError("has no time")
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        shown = repr(str(value)[:40])
        raise CellError(
            f"has the time {shown}, which is not ISO 8601 such as 2026-11-26, a year or seconds since 1970"
        ) from None


def is_choices(value: object) -> TypeGuard[Mapping[str, object]]:
    """Whether a cell has several choices, as Label Studio writes them."""
    return isinstance(value, dict) and value.keys() == {"choices"}


def _parts(value: object) -> Sequence[object]:
    """The elements of a list or of choices, also of one that is written as text; otherwise the value alone."""
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        try:
            written = from_json(value)
        except ValueError:
            is_list = _LIST.fullmatch(value.strip())
            written = ["".join(groups) for groups in re.findall(_ELEMENT, value)] if is_list else None
        if isinstance(written, list | dict):
            value = written
    if is_choices(value):
        value = value["choices"]
    return value if isinstance(value, list | tuple) else [value]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return str(int(value)) if value == value.to_integral_value() else str(value)
    if isinstance(value, float):
        return "" if value != value else str(int(value)) if value.is_integer() else str(value)  # noqa: PLR0124 - NaN
    raise CellError("has a label that is neither a text nor a number")


def _validated(label: str) -> str:
    if len(label) > MAX_LABEL_CHARACTERS:
        raise CellError(f"has a label of {len(label):,} characters, more than {MAX_LABEL_CHARACTERS}")
    if has_control_character(label):
        raise CellError("has a label with a line break or a control character")
    return label


def _from_number(number: float) -> datetime:
    """A year such as 2026; a date without hyphens such as 20261126, as in ISO 8601; or seconds since 1970.

    Raises ValueError for another number below 10,000,000, which as seconds would be a day in the first months of 1970:
    the column probably has other numbers, such as those of the rows.
    """
    if number.is_integer() and 1_000 <= number <= 2_999:
        return datetime(int(number), 1, 1)
    if number.is_integer() and 10_000_000 <= number <= 29_999_999:  # as seconds, they would all be in 1970
        return datetime.fromisoformat(str(int(number)))
    if 0 <= number < 10_000_000:
        raise ValueError
    return datetime.fromtimestamp(number, UTC)


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
