"""Question and exclamation marks: with `split_marks` each is a word of its own, otherwise they separate words."""

from collections.abc import Callable
from functools import cache
from typing import Final

MARKS: Final = {
    **dict.fromkeys("?\u055e\u061f\u1367\u203d\u2047\u2048\u2049\ufe16\ufe56\uff1f", "?"),
    **dict.fromkeys("!\u055c\u203c\ufe15\ufe57\uff01", "!"),
}
"""Character -> its word, `?` or `!`. They are the marks of Latin, Armenian, Arabic and Ethiopic texts, compatibility
forms, and two marks in one character, of which `?` counts. The Greek one is a semicolon in normal form C."""


@cache
def with_marks(fold: Callable[[str], str]) -> Callable[[str], str]:
    """As `fold`, but each mark becomes its word, with a space on either side."""

    def fold_with_marks(character: str) -> str:
        return f" {MARKS[character]} " if character in MARKS else fold(character)

    return fold_with_marks
