"""A row of the input: a headline, or why there is none."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

NOTHING: Mapping[str, object] = MappingProxyType({})


class Row(NamedTuple):
    """A headline, or why there is none, and where it stands."""

    line: int
    """Line of the file where the row begins, from 1, a header counted; in a JSON array or Parquet, the row."""
    headline: str
    fault: str | None = None
    kept: Mapping[str, object] = NOTHING
    """Other columns of the input that the output repeats, under the names that they have there."""


def checked(line: int, headline: str, max_characters: int, kept: Mapping[str, object] = NOTHING) -> Row:
    """A row, faulty if the headline is empty, too long, or not text."""
    if len(headline) > max_characters:
        return Row(line, "", f"has {len(headline):,} characters, more than {max_characters:,}")
    if not headline.isascii() and not is_text(headline):
        return Row(line, "", "is not UTF-8")
    if not headline or headline.isspace():
        return Row(line, "", "is empty")
    if "\0" in headline:
        return Row(line, "", "holds a NUL character")
    return Row(line, headline, None, kept)


def is_text(value: str) -> bool:
    """False if it has surrogates: bytes that were not UTF-8, let through by `surrogateescape`."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
