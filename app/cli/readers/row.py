"""An input row: a headline, or the reason why the row has none; and how rows are read."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import dropwhile
from types import MappingProxyType
from typing import NamedTuple

NO_COLUMNS: Mapping[str, object] = MappingProxyType({})


class Row(NamedTuple):
    """A headline and its position in the input, or a fault."""

    line: int
    """Line where the row begins, from 1, including a header; in a JSON array or Parquet file, the row from 1."""
    headline: str
    """Empty if there is a fault."""
    fault: str | None = None
    """Why the row cannot be classified, as the rest of a sentence that begins with the line; None if it can."""
    kept: Mapping[str, object] = NO_COLUMNS
    """Values of the kept input columns, by their names in the output."""


class RowOptions(NamedTuple):
    """How the rows of an input are read."""

    names: Sequence[str]
    """Columns or fields that hold the headline; the texts of several are joined as by `joined`."""
    max_characters: int
    """A longer headline makes its row bad."""
    keep: Sequence[str] | None = ()
    """Other columns or fields that rows keep; None keeps all."""
    result: Sequence[str] = ()
    """Names of the output columns, which kept columns must not use."""


EMPTY = "has no text"
"""Fault of a row whose headline is empty, blank or null."""

NOT_UTF_8 = "is not UTF-8"
"""Fault of a row with bytes that are not UTF-8."""

_HALF_OF_PAIR = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Lone surrogates that `surrogateescape` never makes: they were escapes in JSON, such as `\\ud800`."""

ICONV = "iconv -f WINDOWS-1252 -t UTF-8 (or -f CP949 for Korean, GB18030 for Chinese, SHIFT_JIS for Japanese)"
"""Command that converts a file; the encodings are those that Excel on Windows writes."""

TO_UTF_8 = f"convert the file, such as with {ICONV}"
"""What to do about it: most such files come from Windows."""


def without_empty(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows that are not empty, for --skip-empty."""
    return (row for row in rows if row.fault is None or not row.fault.startswith(EMPTY))


def rows_from(rows: Iterator[Row], line: int) -> Iterator[Row]:
    """The rows from a line of the input on, for --from-line."""
    return dropwhile(lambda row: row.line < line, rows)


def validate_row(line: int, headline: str, max_characters: int, kept: Mapping[str, object] = NO_COLUMNS) -> Row:
    """A row, with a fault if the headline is blank, too long, not valid Unicode, or holds a NUL character."""
    if len(headline) > max_characters:
        return Row(line, "", f"has {len(headline):,} characters, more than {max_characters:,}")
    if not headline.isascii() and not is_text(headline):
        return Row(line, "", surrogate_fault(headline))
    if not headline or headline.isspace():
        return Row(line, "", EMPTY)
    if "\0" in headline:
        return Row(line, "", "holds a NUL character")
    return Row(line, headline, None, kept)


def surrogate_fault(value: str) -> str:
    """Fault of a row with this string, which is not `is_text`: bytes that are not UTF-8, or half an escaped pair."""
    return "has half of a surrogate pair, which no UTF-8 text has" if _HALF_OF_PAIR.search(value) else NOT_UTF_8


def joined(texts: Iterable[str]) -> str:
    """The headline from the texts of several columns: those that are not blank, with one space between them."""
    return " ".join(text for text in texts if text and not text.isspace())


def unique_names(names: Iterable[str], taken: Iterable[str]) -> list[str]:
    """Output names of kept input columns: `input_` is prefixed until a name is not yet used."""
    used = set(taken)
    unique = []
    for name in names:
        while name in used:
            name = f"input_{name}"  # noqa: PLW2901
        used.add(name)
        unique.append(name)
    return unique


def ignoring_case(name: str, names: Sequence[str]) -> str:
    """The one of `names` that is `name`, else the one that is, ignoring case; `name` if there is none or several."""
    if name in names:
        return name
    same = [other for other in names if other.strip().lower() == name.strip().lower()]
    return same[0] if len(same) == 1 else name


def is_text(value: str) -> bool:
    """Whether a string has no lone surrogates, which `surrogateescape` makes of bytes that are not UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
