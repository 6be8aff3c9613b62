"""The tokenizer of the service as TensorFlow operations, for the export to a SavedModel."""

import html.entities
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from app.classifier.characters.folding import fold
from app.classifier.characters.folding import without_diacritics as plain_character
from app.classifier.characters.marks import with_marks
from app.classifier.characters.symbols import FLAG, fold_with_symbols
from app.classifier.characters.unspaced_scripts import BLOCKS, DIGRAPH, FOLDED_VOWELS, STACKERS
from app.classifier.tokenizer import CharacterReferences, Tokenizer, character_reference
from app.classifier.word_index import MAX_PIECED

_CODES: Final = 0x110000
_PAGE: Final = 256
_NUMBERED: Final = (*range(0x250), *range(0x2000, 0x2070), *range(0x20A0, 0x20C1), 0x2122)
"""Code points whose numeric references are decoded."""


def decomposed(word: str) -> str:
    """A word in normal form D, in which the operations look words up: TensorFlow cannot compose characters."""
    return unicodedata.normalize("NFD", word)


class TensorflowTokenizer:
    """Splits texts into words as a tokenizer of the service does, but decomposed.

    It decodes fewer character references: names that stand for separators, quotes or invisible characters or for
    letters of Latin-1, and numbers below 592, of general punctuation and of currencies. Names of other symbols separate
    words even with `split_symbols`: each would be an operation of its own.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        folding: Callable[[str], str] = fold_with_symbols if tokenizer.split_symbols else fold
        if tokenizer.split_marks:
            folding = with_marks(folding)
        self._references = _references(tokenizer.references, folding)
        self._character = _unspaced_character() if tokenizer.split_unspaced else None
        self._split_symbols = tokenizer.split_symbols
        self._changed, self._places, self._page = _folded(folding)

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
        folded = tf.strings.reduce_join(joined, axis=1)
        if self._split_symbols:
            folded = tf.strings.regex_replace(folded, FLAG, "\\1\\2")
        if self._character is not None:
            folded = tf.strings.regex_replace(folded, self._character, " \\1 ")
        return tf.strings.split(folded)


def pieces(words: Any, sizes: tuple[int, int]) -> Any:  # noqa: ANN401 - TensorFlow has no types
    """Pieces of decomposed words, string [n], as by `app.classifier.word_index.pieces`: ragged, string [n, pieces]."""
    separated = tf.strings.regex_replace(words, _composed_character(), "\\1\x1f")
    characters = tf.strings.split(separated, "\x1f")[:, :-1][:, :MAX_PIECED]
    lengths = characters.row_lengths()
    lengths, cut = tf.where(lengths > 1, lengths, 0), tf.repeat(lengths > 1, lengths)
    characters = tf.RaggedTensor.from_row_lengths(tf.boolean_mask(characters.values, cut), lengths)
    first, last = (tf.fill([tf.size(words), 1], mark) for mark in "<>")
    marked = tf.concat([first, characters, last], axis=1)
    # Of two, one would be a mark; of three there are marks at both ends only in a word of one character.
    runs = [(characters if size == 2 else marked, size) for size in range(sizes[0], sizes[1] + 1)]
    return tf.concat([tf.strings.ngrams(run, size, separator="") for run, size in runs], axis=1)


@cache  # it takes a second
def _folded(folding: Callable[[str], str]) -> tuple[list[str], NDArray[np.int32], NDArray[np.int32]]:
    """Look-up table of a folding: the texts that characters become, their indices by page, and the page of a character.

    Index 0 means that the character stays as it is. A page has the indices of 256 code points; equal pages are stored
    once.
    """
    folded = [decomposed(folding(chr(code))) for code in range(_CODES)]
    changed = sorted({text for code, text in enumerate(folded) if text != chr(code)})
    place = {text: i for i, text in enumerate(changed, start=1)}
    places = [0 if text == chr(code) else place[text] for code, text in enumerate(folded)]
    # Most pages are the same: their characters stay as they are, or are all separators.
    pages, page = np.unique(np.array(places, np.int32).reshape(-1, _PAGE), axis=0, return_inverse=True)
    return ["", *changed], pages.ravel(), page.astype(np.int32).ravel()


@cache
def _unspaced_character() -> str:
    """The expression of `unspaced_scripts` for RE2, which lacks lookahead and has its own Unicode."""
    in_blocks = re.findall(f"[{''.join(BLOCKS)}]", "".join(map(chr, range(_CODES))))
    letter = _class(filter(str.isalnum, in_blocks))
    mark = _class(character for character in map(chr, range(_CODES)) if unicodedata.category(character) in ("Mn", "Mc"))
    return f"((?:{DIGRAPH}|{FOLDED_VOWELS}|{letter})(?:{FOLDED_VOWELS}|[{STACKERS}]{letter}|{mark})*)"


@cache
def _composed_character() -> str:
    """An expression for what is one character in normal form C, in a decomposed word."""
    composed = [
        decomposed(character)
        for character in map(chr, range(0xC0, _CODES))
        if fold(character) == character != decomposed(character)
    ]
    others = sorted(
        (character for character in composed if not "\u1100" <= character <= "\u1112"), key=len, reverse=True
    )
    hangul = "[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?"
    return f"({hangul}|{'|'.join(others)}|.)"


def _class(characters: Iterable[str]) -> str:
    """A character class of these characters, which are in ascending order."""
    runs: list[list[str]] = []
    for character in characters:
        if runs and ord(character) == ord(runs[-1][1]) + 1:
            runs[-1][1] = character
        else:
            runs.append([character, character])
    return f"[{''.join(f'{first}-{last}' for first, last in runs)}]"


def without_quotes(words: Any) -> Any:  # noqa: ANN401 - TensorFlow has no types
    """Words, string [n], without quotes at their edges."""
    return tf.strings.regex_replace(words, "^'+|'+$", "")


def without_diacritics(words: Any) -> Any:  # noqa: ANN401 - TensorFlow has no types
    """Decomposed words, string [n], without diacritics, as by `app.classifier.tokenizer.plain`."""
    words = tf.strings.regex_replace(words, "[\u0300-\u036f]", "")
    for letter in filter(lambda character: plain_character(character).isascii(), map(chr, range(0xC0, 0x250))):
        if decomposed(letter) == letter:
            words = tf.strings.regex_replace(words, letter, plain_character(letter))
    return words


def _references(references: CharacterReferences, folding: Callable[[str], str]) -> list[tuple[str, str]]:
    """Patterns of character references, each with what it is replaced by: a space, a quote, nothing, or a character."""
    groups = defaultdict(list)
    for name in html.entities.html5:
        if name.endswith(";") and (text := character_reference(name[:-1], references)) is not None:
            folded = "".join(map(folding if max(text) < "\u0100" else fold, text))
            if folded in (" ", "'", "") or max(text) < "\u0100":
                groups[folded].append(name[:-1])
    for code in _NUMBERED:
        if (text := character_reference(f"#{code}", references)) is not None:
            groups["".join(map(folding, text))].append(f"#0*{code}|#[xX]0*(?i:{code:x})")
    encoded = "&(?:amp;|#38;|#x26;)*"
    # Those of `&` are decoded last, because they would decode `&amp;` of `&amp;#39;`.
    groups[" "] = groups.pop(" ")
    return [(f"{encoded}(?:{'|'.join(names)});", folded) for folded, names in groups.items()]
