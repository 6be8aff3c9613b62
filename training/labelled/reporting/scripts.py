"""The script that a text is mostly written in, such as Latin, Hangul or Japanese."""

from collections import Counter
from typing import Final

from fontTools import unicodedata

JAPANESE: Final = "Japanese"
"""Kana, alone or with Han."""
NONE: Final = "no letters"

_KANA = {"Hiragana", "Katakana"}
_NO_SCRIPT = {"Common", "Inherited", "Unknown"}


class _Scripts(dict[str, str]):
    """Character -> name of its script, looked up once."""

    def __missing__(self, character: str) -> str:
        name = str(unicodedata.script_name(unicodedata.script(character)))
        self[character] = name
        return name


_SCRIPTS = _Scripts()


def script(text: str) -> str:
    """Script of most letters of a text; NONE if it has no letters of any script."""
    if text.isascii():
        return "Latin" if any(map(str.isalpha, text)) else NONE
    counts = Counter(map(_SCRIPTS.__getitem__, text))
    for name in _NO_SCRIPT:
        del counts[name]
    if not counts:
        return NONE
    kana = sum(counts.pop(name, 0) for name in _KANA)
    if kana:
        counts[JAPANESE] = kana + counts.pop("Han", 0)
    return max(counts, key=lambda name: (counts[name], name))
