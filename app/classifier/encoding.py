"""The one tokenizer and encoder; training and serving both call it."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, cast

from app.classifier.errors import BundleError
from app.classifier.manifest import EncodingSpec

# keras.preprocessing.text.Tokenizer's default filters, which made the Keras Reuters set.
KERAS_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
# What today's headlines use in their place. The 1987 corpus is ASCII, so this changes none of its ids.
TYPOGRAPHIC_FILTERS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2026\u2022\u00b7\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a"
SINGLE_QUOTES = "\u2018\u2019\u201a\u02bc"
_TABLE = str.maketrans(dict.fromkeys(KERAS_FILTERS + TYPOGRAPHIC_FILTERS, " ") | dict.fromkeys(SINGLE_QUOTES, "'"))

# The same for ASCII, lower-casing included: bytes are translated by a table, strings by a dict, a character at a time.
_ASCII_TABLE = bytes(ord(chr(code).translate(_TABLE).lower()) for code in range(128)) + bytes(128)

Status = Literal["known", "rare", "unknown"]

_RARE = -1

TWICE = "*2"
"""Stands in the word index for a word's second occurrence ('oil *2'); no word, since `*` separates words."""


def tokenize(text: str) -> list[str]:
    """Lower-case words of a text, in order: punctuation separates (`U.S.` is two words), apostrophes stay."""
    if text.isascii():
        return text.encode("ascii").translate(_ASCII_TABLE).decode("ascii").split()
    return text.translate(_TABLE).lower().split()


@dataclass(frozen=True, slots=True)
class Word:
    """A word where it stands: `text[start:end]` of the text as sent, in code points."""

    word: str
    start: int
    end: int


def locate(text: str) -> list[Word]:
    """The words of `tokenize`, each with its place in the text.

    The table maps one character to one, so places survive it; lower-casing may lengthen a word
    (`İ`), so it is done last. Both orders agree because no lower-case form holds a separator.
    """
    return [Word(m[0].lower(), m.start(), m.end()) for m in re.finditer(r"\S+", text.translate(_TABLE))]


class Encoded(NamedTuple):
    """A text as the network sees it, and how much of it the model knew."""

    ids: list[int]
    """Distinct ids below the encoding's size, ascending: the ones of the multi-hot vector."""
    words: int
    """Words of the text; they, and those below, are counted as often as they occur."""
    known: int
    """Words with an id of their own."""
    rare: int
    """Words of the corpus that are beyond the cut."""
    unknown: list[str]
    """Words that the corpus never had, each once, in order."""

    @property
    def unknown_words(self) -> int:
        """Unknown words, counted as often as they occur."""
        return self.words - self.known - self.rare


class Encoder:
    """Turns texts into ids by a word index (word -> rank from 1, the most frequent first)."""

    def __init__(self, spec: EncodingSpec, word_index: Mapping[str, int]) -> None:
        """Raises BundleError if the word index holds a rank below 1 or a special id does not fit the size."""
        self.spec = spec
        for special in (spec.start_id, spec.rare_id):
            if special is not None and special >= spec.size:
                raise BundleError(f"manifest.json: special id {special} is outside an encoding of size {spec.size}.")
        if word_index and min(word_index.values()) < 1:
            raise BundleError("word_index.json: a rank is below 1; ranks start at 1 for the most frequent word.")
        self._ids: dict[str, int] = {}
        self._pairs: dict[str, dict[str, int]] = {}
        """First word -> second word, or TWICE -> id: looked up without making a string of every two neighbours."""
        for entry, rank in word_index.items():
            entry_id = rank + spec.offset
            first, space, second = entry.partition(" ")
            if not space:
                self._ids[entry] = entry_id if entry_id < spec.size else _RARE
            elif entry_id < spec.size:
                self._pairs.setdefault(first, {})[second] = entry_id

    def status(self, word: str) -> Status:
        """Whether a lower-case word has an id of its own, is beyond the cut, or never occurred."""
        word_id = self._ids.get(word)
        return "unknown" if word_id is None else "rare" if word_id == _RARE else "known"

    def encode(self, text: str) -> Encoded:
        """The ones of a text's multi-hot vector."""
        return self.encode_words(tokenize(text))

    def encode_words(self, words: Sequence[str]) -> Encoded:
        """The same for a text that is already cut into words."""
        found = list(map(self._ids.get, words))
        distinct = set(found)
        rare = unknown = 0
        unknown_words: list[str] = []
        if None in distinct:
            distinct.remove(None)
            unknown = found.count(None)
            missing = [word for word, word_id in zip(words, found, strict=True) if word_id is None]
            unknown_words = missing if unknown == 1 else list(dict.fromkeys(missing))
        if _RARE in distinct:
            distinct.remove(_RARE)
            rare = found.count(_RARE)
        known = len(words) - rare - unknown
        if self.spec.repeats and known > len(distinct):
            again = [
                self._pairs[word].get(TWICE) for word, n in Counter(words).items() if n > 1 and word in self._pairs
            ]
            distinct.update(filter(None, again))
        if self.spec.pairs:
            # Unknown words are skipped before pairing, as they are everywhere: leaving one out changes nothing.
            met = [word for word in words if word not in unknown_words] if unknown else words
            seconds = map(self._pairs.get, met)
            distinct.update(
                [second[word] for second, word in zip(seconds, met[1:], strict=False) if second and word in second]
            )
        if self.spec.start_id is not None:
            distinct.add(self.spec.start_id)
        if rare and self.spec.rare_id is not None:
            distinct.add(self.spec.rare_id)
        ids = sorted(cast(set[int], distinct))
        return Encoded(ids, len(words), known, rare, unknown_words)

    def sequence(self, text: str) -> list[int]:
        """Ids in the order of the words, as `keras.datasets.reuters.load_data` gives them.

        Words that the corpus never had are skipped; rare ones become `rare_id` (or are skipped without one).
        """
        start, rare = self.spec.start_id, self.spec.rare_id
        ids = [] if start is None else [start]
        for found in map(self._ids.get, tokenize(text)):
            word_id = rare if found == _RARE else found
            if word_id is not None:
                ids.append(word_id)
        return ids
