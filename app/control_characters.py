"""Control characters in texts from elsewhere: finds them, and replaces them before a terminal interprets them."""

import unicodedata

_CONTROLS = ("Cc", "Cs", "Zl", "Zp")
_JOINERS = "\u200c\u200d"
"""Zero width non-joiner and joiner: part of the spelling of Persian, Hindi and other languages, and of emoji."""


def has_control_character(text: str) -> bool:
    """Whether a text has a control character, a line or paragraph separator, or half of a surrogate pair."""
    return not text.isprintable() and any(unicodedata.category(character) in _CONTROLS for character in text)


def one_line(text: str, max_characters: int | None = None) -> str:
    """A text without line breaks, control characters and other characters that a terminal may interpret.

    These become spaces. A text of more than `max_characters` is cut and ends in `...`.
    """
    if max_characters is not None and len(text) > max_characters:
        text = text[: max_characters - 3] + "..."
    if text.isprintable():
        return text
    return "".join([one if one.isprintable() or one in _JOINERS else " " for one in text])
