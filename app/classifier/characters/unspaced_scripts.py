"""Scripts written without spaces between words: each character, with its marks, becomes a word of its own."""

import re
from functools import cache
from typing import Final

BLOCKS: Final = (
    # Han, with iteration marks and zero
    *(
        "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3038-\u303c\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff",
        "\U00020000-\U0003ffff",
    ),
    # hiragana, katakana with the prolonged sound mark, bopomofo
    *("\u3031-\u3035\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff", "\U0001aff0-\U0001b16f"),
    "\u3105-\u312f\u31a0-\u31bf",
    # Thai, Lao, Myanmar, Khmer
    *(
        "\u0e01-\u0e7f",
        "\u0e80-\u0eff",
        "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f\U000116d0-\U000116ff",
        "\u1780-\u17ff",
    ),
    # Tai Le, New Tai Lue, Tai Tham, Tai Viet, Ahom
    *("\u1950-\u197f", "\u1980-\u19df", "\u1a20-\u1aaf", "\uaa80-\uaadf", "\U00011700-\U0001174f"),
)
"""The content of character classes: the scripts that Unicode's line breaking classes treat as ideographs or as complex
context (SA). Korean is written with spaces, and Tibetan with a mark between syllables, which separates words."""

STACKERS: Final = "\u1039\u17d2\u1a60"
"""Signs of Myanmar, Khmer and Tai Tham that put the next letter below the one before."""
FOLDED_VOWELS: Final = "\u0e4d\u0e32|\u0ecd\u0eb2"
"""Thai and Lao `am`, which belongs to its consonant, as compatibility folding leaves it: a mark and a letter."""
DIGRAPH: Final = "\u0eab[\u0e99\u0ea1]"
"""Lao `ho no` and `ho mo`, also as one character, which folding makes into two."""

_LETTER = rf"(?=\w)[{''.join(BLOCKS)}]"  # a mark is not in \w
# Not compiled here, which takes 6 ms: few bundles have `split_unspaced`.
_CHARACTER = rf"(?:{DIGRAPH}|{FOLDED_VOWELS}|{_LETTER})(?:{FOLDED_VOWELS}|[{STACKERS}]{_LETTER}|[^\w\s'])*+"
_ANY = f"[{''.join(BLOCKS)}]"


def space_out(text: str) -> str:
    """A folded text with spaces around each character of these scripts; its marks stay with it."""
    # Most texts have none of them, which this finds in a tenth of the time.
    return re.sub(_CHARACTER, r" \g<0> ", text) if _any().search(text) else text


@cache
def _any() -> re.Pattern[str]:
    return re.compile(_ANY)  # `re.search` takes as long to find the compiled pattern as to search a headline
