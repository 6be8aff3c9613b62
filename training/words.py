"""Words of training texts."""

from collections.abc import Iterable

Words = tuple[str, ...]


def unquoted(words: Iterable[str]) -> Words:
    """The words of a text without quotes at their edges, which the vocabulary then does not contain either."""
    return tuple(bare for word in words if (bare := word.strip("'")))
