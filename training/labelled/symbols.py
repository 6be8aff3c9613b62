"""Whether enough of the texts have symbols, such as emoji, for a model to learn them as words."""

from collections.abc import Sequence
from typing import Final

from app.classifier.characters.symbols import is_symbol

MIN_SHARE: Final = 0.01
"""Minimum share of the texts that must have a symbol, 0 to 1."""


def has_symbol(text: str) -> bool:
    """Whether a text has a symbol that `split_symbols` makes a word."""
    return not text.isascii() and any(map(is_symbol, text))


def have_symbols(texts: Sequence[str]) -> bool:
    """Whether at least MIN_SHARE of the texts have a symbol."""
    return sum(map(has_symbol, texts)) >= MIN_SHARE * len(texts)
