"""The script that a text is mostly written in, such as Latin, Hangul or Japanese."""

from collections import Counter
from functools import cache
from typing import Final

from fontTools import unicodedata

JAPANESE: Final = "Japanese"
"""Kana, alone or with Han."""
NONE: Final = "no letters"

_KANA = {"Hiragana", "Katakana"}
_NO_SCRIPT = {"Common", "Inherited", "Unknown"}


def script(text: str) -> str:
    """Script of most letters of a text; NONE if it has no letters of any script."""
    if text.isascii():
        return "Latin" if any(map(str.isalpha, text)) else NONE
    counts = Counter(map(_script_of_character, text))
    for name in _NO_SCRIPT:
        del counts[name]
    if not counts:
        return NONE
    kana = sum(counts.pop(name, 0) for name in _KANA)
    if kana:
        counts[JAPANESE] = kana + counts.pop("Han", 0)
    return max(counts, key=lambda name: (counts[name], name))


@cache
def _script_of_character(character: str) -> str:
    return str(unicodedata.script_name(unicodedata.script(character)))
