"""Control characters in texts that are printed."""

import pytest

from app.control_characters import has_control_character, one_line

OBEYED = "\x07\x1b\r\n\t\x7f\x85\x9b\u2028\u2029\ud800"
DIRECTION = "\u200f\u202e\u2066"


@pytest.mark.parametrize("character", OBEYED)
def test_control_character_is_found(character: str) -> None:
    assert has_control_character(f"crude{character}")


@pytest.mark.parametrize("text", ["", "crude oil", "환율", "é", "\u0627\u200f", "a\u00a0b", "👩\u200d🌾"])
def test_text_of_any_language_has_none(text: str) -> None:
    assert not has_control_character(text)


@pytest.mark.parametrize("character", OBEYED + DIRECTION)
def test_characters_that_a_terminal_interprets_become_spaces(character: str) -> None:
    assert one_line(f"a{character}b 환율") == "a b 환율"


@pytest.mark.parametrize("text", ["क्\u200dष\n", "👩\u200d🌾\n"])
def test_joiners_of_words_and_emoji_are_kept(text: str) -> None:
    assert one_line(text) == text.replace("\n", " ")


def test_long_text_is_cut() -> None:
    assert one_line("a" * 10, 10) == "a" * 10
    assert one_line("a" * 11, 10) == "aaaaaaa..."
    assert one_line("\x1b" * 11, 10) == "       ..."
