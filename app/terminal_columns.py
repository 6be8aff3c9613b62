"""How many columns of a terminal a text takes, to align tables."""

import unicodedata


def columns(text: str) -> int:
    """Number of columns: two for wide characters, none for marks and zero width joiners."""
    wide = sum(unicodedata.east_asian_width(character) in ("W", "F") for character in text)
    return len(text) + wide - sum(unicodedata.category(character) in ("Mn", "Me", "Cf") for character in text)
