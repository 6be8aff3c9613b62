"""Columns of a terminal that texts of many scripts take."""

import pytest

from app.terminal_columns import columns


@pytest.mark.parametrize(
    ("text", "taken"),
    [("", 0), ("oil", 3), ("환율 up", 7), ("石油", 4), ("e\u0301te\u0301", 3), ("ที่", 1), ("न\u200dम", 2)],
)
def test_wide_characters_take_two_columns_and_marks_none(text: str, taken: int) -> None:
    assert columns(text) == taken
