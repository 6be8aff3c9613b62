"""Separators that leave a mark when they are decomposed."""

import unicodedata

from app.classifier.characters.folding import fold


def has_decomposed_separator(text: str) -> bool:
    """Whether the text has one, such as `\u2260`, which becomes `=` and a stroke: the stroke is then a word."""
    composed = unicodedata.normalize("NFC", text)
    return any(fold(one) == " " and not unicodedata.is_normalized("NFD", one) for one in composed)
