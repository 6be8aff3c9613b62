"""Bad rows are counted by reason, and the first of each reason are kept."""

import pytest

from training.labelled.bad_rows import MAX_SHOWN, BadRows, counted
from training.labelled.rows import BadRow


def bad_rows(*reasons: str) -> BadRows:
    found = BadRows()
    for line, why in enumerate(reasons, start=2):
        found.add(BadRow(f"a.csv:{line}", why))
    return found


def test_reasons_are_counted_most_frequent_first() -> None:
    found = bad_rows("is not UTF-8", *["has no label"] * 5, *["has no text"] * 2)
    assert list(found.reasons.items()) == [("has no label", 5), ("has no text", 2), ("is not UTF-8", 1)]


def test_reasons_agree_with_their_number() -> None:
    reasons = {"has no label": 1_200, "has no text": 2, "holds a NUL character": 2, "is not UTF-8": 2}
    assert counted(reasons) == "1,200 have no label; 2 have no text; 2 hold a NUL character; 2 are not UTF-8"


def test_first_rows_of_each_reason_are_kept() -> None:
    found = bad_rows(*["has no label"] * 20, "has no text", "has no text")
    assert MAX_SHOWN == 3
    assert [row.line for row in found.first] == [f"a.csv:{line}" for line in (2, 3, 4, 22, 23)]


@pytest.mark.parametrize(
    ("reasons", "shown"),
    [
        (["has 3 columns, and the header 2"] * 2, "has 3 columns, and the header 2"),
        (
            ["has 9 columns, and the header 2", "has 10 columns, and the header 2"],
            "has 9 to 10 columns, and the header 2",
        ),
        (
            ["has 100,000 characters, more than 20,000", "has 20,001 characters, more than 20,000"],
            "has 20,001 to 100,000 characters, more than 20,000",
        ),
        (["has no text in the column 'text'"] * 2, "has no text in the column 'text'"),
        (
            [
                f"has the time {time!r}, which is not ISO 8601 such as 2026-11-26, a year or seconds since 1970"
                for time in ("noon", "it's late")
            ],
            "has the time '...', which is not ISO 8601 such as 2026-11-26, a year or seconds since 1970",
        ),
        (["has no text (the row ends on line 4)", "has no text"], "has no text"),
    ],
)
def test_reasons_that_differ_in_values_only_are_one(reasons: list[str], shown: str) -> None:
    assert bad_rows(*reasons).reasons == {shown: 2}
