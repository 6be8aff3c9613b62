"""Words for numbers and names in messages: counts with a noun, shares, durations, and lists of names."""

from collections.abc import Sequence
from typing import Final

_MAX_LIST_CHARACTERS: Final = 300
_MAX_NAME_CHARACTERS: Final = 60


def count(number: int, what: str) -> str:
    """A number with its noun, such as `1 row` and `1,203 rows`."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def share(part: int, whole: int) -> str:
    """A share as a percentage that is 0% or 100% only if it is exactly that; `<1%` and `>99%` otherwise."""
    percent = 100 * part / whole
    if 0 < percent < 1:
        return "<1%"
    return ">99%" if 99 < percent < 100 else f"{percent:.0f}%"


def duration(seconds: float) -> str:
    """An estimate of time: `less than a minute`, `about 5 minutes` or `about 2 hours`."""
    minutes = round(seconds / 60)
    if seconds < 45:
        return "less than a minute"
    if minutes < 2:
        return "about a minute"
    return f"about {minutes} minutes" if minutes < 100 else f"about {round(minutes / 60)} hours"


def enumerated(names: Sequence[str]) -> str:
    """Names as in a sentence: `a`, `a and b`, or `a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def listed(names: Sequence[str]) -> str:
    """Names in quotes, separated by commas; long names, and what is longer than 300 characters, are cut off."""
    shown = ", ".join(repr(name[:_MAX_NAME_CHARACTERS]) for name in names)
    return shown[:_MAX_LIST_CHARACTERS] + ("..." if len(shown) > _MAX_LIST_CHARACTERS else "")
