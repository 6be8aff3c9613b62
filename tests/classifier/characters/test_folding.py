"""Most characters take a short way, with the same result as the long one: a text may have 20,000 different ones."""

import time
import unicodedata

from app.classifier.characters.folding import (
    _ASCII_LETTERS,
    _MAX_FOLDED,
    APOSTROPHES,
    _fold_letter,
    _part,
    fold,
    without_diacritics,
)

LETTERS = [
    character
    for character in map(chr, range(0x110000))
    if unicodedata.category(character)[0] in "LMN" and character not in APOSTROPHES
]


def folded_the_long_way(character: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", character).casefold())
    if "\u2044" in folded:
        return " "
    return character if len(folded) > _MAX_FOLDED else "".join(map(_part, folded))


def test_every_letter_mark_and_digit_is_folded_as_the_long_way() -> None:
    wrong = [character for character in LETTERS if _fold_letter(character) != folded_the_long_way(character)]
    assert wrong == []


def test_every_letter_that_does_not_vanish_is_folded_as_the_long_way() -> None:
    assert [character for character in LETTERS if fold(character) not in {"", folded_the_long_way(character)}] == []


def test_invisible_letters_vanish() -> None:
    assert [fold(character) for character in "\u115f\u1160\u3164\uffa0"] == [""] * 4


def plain_the_long_way(character: str) -> str:
    decomposed = unicodedata.normalize("NFD", character)
    plain = "".join(character for character in decomposed if not "\u0300" <= character <= "\u036f")
    return (character if plain == decomposed else plain).translate(_ASCII_LETTERS)


def test_every_character_loses_its_diacritics_as_the_long_way() -> None:
    wrong = [character for character in LETTERS if without_diacritics(character) != plain_the_long_way(character)]
    assert wrong == []


def seconds(first: int, last: int) -> float:
    """CPU time of `without_diacritics` for each character of a range, best of five."""
    times = []
    for _ in range(5):
        begun = time.thread_time()
        for code in range(first, last):
            without_diacritics(chr(code))
        times.append((time.thread_time() - begun) / (last - first))
    return min(times)


def test_characters_without_diacritics_take_half_the_time_of_those_with() -> None:
    assert seconds(0x4E00, 0x5600) < seconds(0x1E00, 0x1EFA) / 2  # 0.2 to 0.8 us
    assert seconds(0xAC00, 0xB400) < seconds(0x1E00, 0x1EFA) / 2
