"""Counts bad rows by reason, keeps the first rows of each reason, and says if there are too many."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from app.cli.readers.row import ICONV, NOT_UTF_8
from training.labelled.cells import NO_LABEL, NOT_YET
from training.labelled.rows import BadRow, Table

MAX_SHOWN: Final = 3
"""Maximum number of bad rows of a reason that are shown with their line; all are counted."""

_OTHER_ENCODING_SHARE: Final = 0.9
"""If this share of the bad rows is not UTF-8, 0 to 1, the files are probably in another encoding."""

_DETAIL: Final = re.compile(r" \(.*\)$")
_VALUE: Final = re.compile(r"'.*'|\".*\"|[0-9]+(?:,[0-9]{3})*")


class BadRows:
    """Bad rows by reason. Reasons that differ only in numbers, quoted values or a detail in brackets count as one."""

    def __init__(self) -> None:
        self._reasons: dict[tuple[str, ...], _Reason] = {}

    def add(self, row: BadRow) -> None:
        """Count a row."""
        why = _DETAIL.sub("", row.why)
        key, values = tuple(_VALUE.split(why)), _VALUE.findall(why)
        self._reasons.setdefault(key, _Reason(key, values)).add(row, values)

    @property
    def reasons(self) -> dict[str, int]:
        """Reason -> rows, most frequent first; numbers that differ are a range, such as `has 3 to 5 columns`."""
        return {reason.why: reason.rows for reason in self._ordered()}

    @property
    def first(self) -> list[BadRow]:
        """The first MAX_SHOWN rows of each reason, in the order of `reasons`."""
        return [row for reason in self._ordered() for row in reason.first]

    def _ordered(self) -> list["_Reason"]:
        return sorted(self._reasons.values(), key=lambda reason: -reason.rows)


def counted(reasons: Mapping[str, int]) -> str:
    """Reasons with their numbers of rows, such as `5 have no label; 1 has no text`."""
    return "; ".join(f"{rows:,} {why if rows == 1 else _plural(why)}" for why, rows in reasons.items())


def too_many_bad(table: Table, max_share: float) -> str:
    """The error for a table of which a larger share than `max_share`, 0 to 1, is bad."""
    bad, reasons, first = table.bad, table.bad_reasons, table.first_bad
    count = bad + len(table.rows)
    advice = {
        NOT_UTF_8: f"convert the files to UTF-8, such as with {ICONV}",
        NO_LABEL: "use --outside '' if such rows are about none of the labels",
        NOT_YET: "fill in the labels of the texts to label, and delete the rows that you leave empty",
    }.get(next(iter(reasons)), "correct them")
    if bad == 1:
        advice = advice.replace("correct them", "correct it")
    shown = "; ".join(f"{row.line} {row.why}" for row in first)
    why = counted(reasons)
    if bad == count:
        if next(iter(reasons)) == NO_LABEL:  # with --outside, no label would be left to learn or to test
            advice = f"check that {table.columns[0].label!r} is the column with the labels"
        file = first[0].line.rpartition(":")[0]
        which = "the only row is" if bad == 1 else f"all {bad:,} rows are"
        return f"{file}: {which} bad ({why}); {advice}. The first of each reason: {shown}."
    allow = f", or allow more with --most-bad {-(-10 * bad // count) / 10:g}"
    if reasons.get(NOT_UTF_8, 0) >= _OTHER_ENCODING_SHARE * bad:
        allow = ""  # it would leave out the rows with letters beyond ASCII
    return (
        f"{bad:,} of {count:,} rows ({bad / count:.1%}) {'is' if bad == 1 else 'are'} bad, more than {max_share:.1%}"
        f" ({why}); {advice}{allow}. The first of each reason: {shown}."
    )


def _plural(why: str) -> str:
    verb, _, rest = why.partition(" ")
    return f"{ {'is': 'are', 'has': 'have'}.get(verb, verb.removesuffix('s')) } {rest}"


@dataclass(slots=True)
class _Reason:
    parts: tuple[str, ...]
    """The text of the reason before, between and after its numbers and quoted values."""
    lowest: list[str]
    highest: list[str] = field(init=False)
    """Lowest and highest of each of these values over all rows."""
    rows: int = 0
    first: list[BadRow] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.highest = self.lowest[:]

    def add(self, row: BadRow, values: list[str]) -> None:
        self.rows += 1
        if len(self.first) < MAX_SHOWN:
            self.first.append(row)
        self.lowest = [min(pair, key=_order) for pair in zip(self.lowest, values, strict=True)]
        self.highest = [max(pair, key=_order) for pair in zip(self.highest, values, strict=True)]

    @property
    def why(self) -> str:
        ranges = [_range(low, high) for low, high in zip(self.lowest, self.highest, strict=True)]
        return "".join(part + shown for part, shown in zip(self.parts, [*ranges, ""], strict=True))


def _order(value: str) -> tuple[int, str]:
    """Numbers by size, quoted values by their characters."""
    digits = value.replace(",", "")
    return (len(digits), digits) if digits.isdecimal() else (0, value)


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}" if low[0].isdecimal() else "'...'"
