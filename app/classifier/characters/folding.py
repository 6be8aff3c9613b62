"""Folding: what a character becomes before a text is split into words."""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

APOSTROPHES: Final = "'\u00b4\u02b9\u02bb\u02bc\u2018\u2019\u201a\u201b\u2032\u2035\u275b\u275c\ua78c\uff07"
"""Characters written for an apostrophe or a single quote; the 1987 corpus has only the first."""

# Invisible characters (Default_Ignorable_Code_Point of Unicode) that are not already in category Cf.
_IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
_FILLERS = "\u115f\u1160"
"""Those of them that are letters without case (Lo) and in NFKC."""
_DIACRITICS = re.compile("[\u0300-\u036f]")
_ASCII_LETTERS = str.maketrans(
    {"\u00e6": "ae", "\u0153": "oe", "\u00f8": "o", "\u0142": "l", "\u0111": "d", "\u00f0": "d", "\u00fe": "th"}
    | {"\u0131": "i", "\u0127": "h"}
)
"""Letters that Unicode does not decompose into an ASCII letter and a diacritic."""

_CACHE_SIZE = 8192
_MAX_FOLDED = 4
"""Two Arabic ligatures stand for whole phrases, up to 18 characters; folded, they would make an answer much longer."""


def fold(character: str) -> str:
    """What a character becomes before the text is split: a space, nothing, or letters, marks and digits.

    In ASCII the separators are those of Keras's Tokenizer, with which the Keras data set was made. The result depends
    on this character alone, so that it takes linear time and an export can use a table.
    """
    category = unicodedata.category(character)
    if category == "Lo" and character not in _FILLERS and unicodedata.is_normalized("NFKC", character):
        return character  # most characters; a text may have 20,000 different ones, which no cache holds
    if character in APOSTROPHES:
        return "'"
    if character.isspace():
        return " "
    if category in ("Cc", "Cf", "Me") or _IGNORABLE.match(character):
        return ""
    return _fold_letter(character) if category[0] in "LMN" else " "


def _fold_letter(character: str) -> str:
    """The compatibility and case folding of a letter, mark or digit."""
    if character.casefold() == character and not character.isdecimal() and unicodedata.is_normalized("NFKC", character):
        return character  # most characters: 0.1 us, not 1.2
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", character).casefold())
    if "\u2044" in folded:  # a vulgar fraction: its digits would be read as a number
        return " "
    if len(folded) > _MAX_FOLDED:
        return character
    return "".join(map(_part, folded))


def _part(character: str) -> str:
    """A character of a compatibility form: letters and marks stay, digits become ASCII, `(1)` loses its brackets."""
    if character in APOSTROPHES:
        return "'"
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    return character if category[0] in "LMN" else ""


def without_diacritics(character: str) -> str:
    """An accented Latin, Greek or Cyrillic letter without its accent; other characters stay as they are."""
    decomposed = unicodedata.normalize("NFD", character)
    if character > "\u036f" and not _DIACRITICS.search(decomposed):
        return character  # most characters; see `fold`
    plain = _DIACRITICS.sub("", decomposed)
    return (character if plain == decomposed else plain).translate(_ASCII_LETTERS)


class CharacterTable(dict[int, str]):
    """A table for `str.translate` that computes its entries, and keeps a bounded number of them."""

    def __init__(self, function: Callable[[str], str]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, code: int) -> str:
        replacement = self._function(chr(code))
        if len(self) >= _CACHE_SIZE:
            self.clear()
        self[code] = replacement
        return replacement
