"""Suggestions for a misspelt or shortened name: the known names near it; none if no name is near enough.

It counts typing errors, because the ratio of the standard library's difflib cannot tell them from likeness: `hots` for
`host` has 0.75, and so has `handling` for `headline`.
"""

from collections.abc import Iterable

MAX_CHARACTERS = 60
"""Characters of a name that are compared; a longer name is unlike any known one."""
MAX_SUGGESTIONS = 3
"""Maximum number of names that a shortened name may stand for."""


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """The known names with the fewest typing errors, or else those that begin with `name`; empty if none is near.

    Case, `_`, `-` and `.` do not count. One typing error is allowed for each four characters, and at most three.
    """
    known = list(known)
    if (misspelt := misspelt_names(name, known)) or len(name) > MAX_CHARACTERS:
        return misspelt
    wanted = _plain(name)
    begins = [known_name for known_name in known if len(wanted) > 2 and _plain(known_name).startswith(wanted)]
    return begins if len(begins) <= MAX_SUGGESTIONS else []


def misspelt_names(name: str, known: Iterable[str]) -> list[str]:
    """The known names with the fewest typing errors, as in `near_names`; empty if each has more than are allowed."""
    if len(name) > MAX_CHARACTERS:
        return []
    wanted = _plain(name)
    plain = {known_name: _plain(known_name) for known_name in known}
    errors = {
        known_name: _distance(wanted, other) for known_name, other in plain.items() if _is_comparable(wanted, other)
    }
    fewest = min(errors.values(), default=MAX_CHARACTERS)
    if fewest > _allowed(wanted):
        return []
    return [known_name for known_name, number in errors.items() if number == fewest][:MAX_SUGGESTIONS]


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """`did you mean A or B?`; None if no known name is near."""
    near = near_names(name, known)
    return f"did you mean {' or '.join(near)}?" if near else None


def _plain(name: str) -> str:
    return name.lower().translate(str.maketrans("", "", "_-."))


def _allowed(name: str) -> int:
    return max(1, min(3, len(name) // 4))


def _is_comparable(wanted: str, other: str) -> bool:
    # The first letter is rarely mistyped: without this condition, `deadline` would be taken for `headline`.
    return len(wanted) > 2 and wanted[0] in other[:2] and abs(len(wanted) - len(other)) <= _allowed(wanted)


def _distance(wanted: str, other: str) -> int:
    """Number of characters added, left out, replaced, or swapped with the next (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(wanted, start=1):
        earlier, before, row = before, row, [i]
        for j, right in enumerate(other, start=1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and wanted[i - 2] == right:
                best = min(best, earlier[j - 2] + 1)
            row.append(best)
    return row[-1]
