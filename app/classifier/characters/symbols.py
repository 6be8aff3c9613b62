"""Symbols such as emoji: with `split_symbols` each is a word of its own, otherwise they separate words."""

import re
import unicodedata
from typing import Final

from app.classifier.characters.folding import fold

SKIN_TONES: Final = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
FLAG: Final = "([\U0001f1e6-\U0001f1ff])\t\t([\U0001f1e6-\U0001f1ff])"
"""Two regional indicators that follow each other, as `fold_with_symbols` leaves them."""


def is_symbol(character: str) -> bool:
    """Whether a character is in category So of Unicode and no other form of letters, as `™` and `㎏` are."""
    return unicodedata.category(character) == "So" and not unicodedata.decomposition(character)


def fold_with_symbols(character: str) -> str:
    """As `fold`, but a symbol has a space on either side, or a tab if it is half a flag, and skin tones are removed."""
    if character in SKIN_TONES:
        return ""
    if "\U0001f1e6" <= character <= "\U0001f1ff":
        return f"\t{character}\t"
    folded = fold(character)
    return f" {character} " if folded == " " and is_symbol(character) else folded


def join_flags(text: str) -> str:
    """A folded text in which the two halves of a flag are one word."""
    return re.sub(FLAG, r"\1\2", text) if "\t" in text else text
