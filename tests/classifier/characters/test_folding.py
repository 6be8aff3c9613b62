"""Folding a character that is already folded takes a short way, with the same result as the long one."""

import unicodedata

from app.classifier.characters.folding import _LONGEST_FOLDED, APOSTROPHES, _fold_letter, _part

LETTERS = [
    character
    for character in map(chr, range(0x110000))
    if unicodedata.category(character)[0] in "LMN" and character not in APOSTROPHES
]


def folded_the_long_way(character: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", character).casefold())
    if "\u2044" in folded:
        return " "
    return character if len(folded) > _LONGEST_FOLDED else "".join(map(_part, folded))


def test_every_letter_mark_and_digit_is_folded_as_the_long_way() -> None:
    wrong = [character for character in LETTERS if _fold_letter(character) != folded_the_long_way(character)]
    assert wrong == []
