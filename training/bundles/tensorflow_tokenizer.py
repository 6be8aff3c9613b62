"""The tokenizer of the service as TensorFlow operations, for the export to a SavedModel."""

import html.entities
import unicodedata
from collections import defaultdict
from typing import Any, Final

import numpy as np
import tensorflow as tf

from app.classifier.tokenizer import CharacterReferences, character_reference, fold
from app.classifier.tokenizer import without_diacritics as plain_character

_CODES: Final = 0x110000
_PAGE: Final = 256
_NUMBERED: Final = (*range(0x250), *range(0x2000, 0x2070), *range(0x20A0, 0x20C1), 0x2122)
"""Code points whose numeric references are decoded."""


def decomposed(word: str) -> str:
    """A word in normal form D, in which the operations look words up: TensorFlow cannot compose characters."""
    return unicodedata.normalize("NFD", word)


class Tokenizer:
    """Splits texts into words as `app.classifier.tokenizer.tokenize` does, but decomposed.

    It decodes fewer character references: names that stand for separators, quotes or invisible characters or for
    letters of Latin-1, and numbers below 592, of general punctuation and of currencies.
    """

    def __init__(self, references: CharacterReferences) -> None:
        self._references = _references(references)
        folded = [decomposed(fold(chr(code))) for code in range(_CODES)]
        changed = sorted({text for code, text in enumerate(folded) if text != chr(code)})
        place = {text: i for i, text in enumerate(changed, start=1)}
        places = [0 if text == chr(code) else place[text] for code, text in enumerate(folded)]
        self._changed = ["", *changed]
        # Most pages are the same: their characters stay as they are, or are all separators.
        pages, page = np.unique(np.array(places, np.int32).reshape(-1, _PAGE), axis=0, return_inverse=True)
        self._places, self._page = pages.ravel(), page.astype(np.int32).ravel()

    def __call__(self, texts: Any) -> Any:  # noqa: ANN401 - TensorFlow has no types
        """Strings [n] to ragged words, string [n, words]."""
        for pattern, replacement in self._references:
            texts = tf.strings.regex_replace(texts, pattern, replacement)
        characters = tf.strings.unicode_decode(texts, "UTF-8")
        codes = characters.flat_values
        page = tf.gather(tf.constant(self._page), codes // _PAGE)
        place = tf.gather(tf.constant(self._places), page * _PAGE + codes % _PAGE)
        same = tf.strings.unicode_encode(codes[:, None], "UTF-8")
        joined = characters.with_flat_values(tf.where(place == 0, same, tf.gather(tf.constant(self._changed), place)))
        return tf.strings.split(tf.strings.reduce_join(joined, axis=1))


def without_quotes(words: Any) -> Any:  # noqa: ANN401 - TensorFlow has no types
    """Words, string [n], without quotes at their edges."""
    return tf.strings.regex_replace(words, "^'+|'+$", "")


def without_diacritics(words: Any) -> Any:  # noqa: ANN401 - TensorFlow has no types
    """Decomposed words, string [n], without diacritics, as by `app.classifier.tokenizer.plain`."""
    words = tf.strings.regex_replace(words, "[\u0300-\u036f]", "")
    for letter in filter(lambda one: plain_character(one).isascii(), map(chr, range(0xC0, 0x250))):
        if decomposed(letter) == letter:
            words = tf.strings.regex_replace(words, letter, plain_character(letter))
    return words


def _references(references: CharacterReferences) -> list[tuple[str, str]]:
    """Patterns of character references, each with what it is replaced by: a space, a quote, nothing, or a letter."""
    groups = defaultdict(list)
    for name in html.entities.html5:
        if name.endswith(";") and (text := character_reference(name[:-1], references)) is not None:
            folded = "".join(map(fold, text))
            if folded in (" ", "'", "") or max(text) < "\u0100":
                groups[folded].append(name[:-1])
    for code in _NUMBERED:
        if (text := character_reference(f"#{code}", references)) is not None:
            groups["".join(map(fold, text))].append(f"#0*{code}|#[xX]0*(?i:{code:x})")
    encoded = "&(?:amp;|#38;|#x26;)*"
    return [(f"{encoded}(?:{'|'.join(names)});", folded) for folded, names in groups.items()]
