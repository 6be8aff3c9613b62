"""Tokenizer and encoder: turns a text into the ids of its words. Training and serving both use it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from app.classifier.errors import BundleError
from app.classifier.manifest import EncodingSpec

# Default filters of keras.preprocessing.text.Tokenizer, with which the Keras Reuters data set was made.
KERAS_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
# Typographic punctuation of present-day headlines. The 1987 corpus is ASCII, so this changes none of its ids.
TYPOGRAPHIC_FILTERS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2026\u2022\u00b7\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a"
SINGLE_QUOTES = "\u2018\u2019\u201a\u02bc"
_TABLE = str.maketrans(dict.fromkeys(KERAS_FILTERS + TYPOGRAPHIC_FILTERS, " ") | dict.fromkeys(SINGLE_QUOTES, "'"))

# The same table for ASCII, including lower-casing: bytes.translate is much faster than str.translate.
_ASCII_TABLE = bytes(ord(chr(code).translate(_TABLE).lower()) for code in range(128)) + bytes(128)

WordStatus = Literal["known", "rare", "unknown"]

_RARE = -1
"""In place of the id of a word whose rank does not fit into the encoding."""
_NO_PAIRS: Mapping[str, int] = {}

TWICE, LATER = "*2", "*later"
"""Markers in the word index: 'oil *2' ranks a second occurrence of `oil`, 'oil *later' one that occurs only after the
lead of the text. They cannot be words, because the tokenizer splits at `*`."""


def tokenize(text: str) -> list[str]:
    """Lower-case words of a text, in order. Punctuation splits words (`U.S.` is two), apostrophes do not."""
    if text.isascii():
        return text.encode("ascii").translate(_ASCII_TABLE).decode("ascii").split()
    return text.translate(_TABLE).lower().split()


@dataclass(frozen=True, slots=True)
class Word:
    """A lower-case word and its position: `text[start:end]` of the original text, in code points."""

    word: str
    start: int
    end: int


def locate(text: str) -> list[Word]:
    """The words of `tokenize`, each with its position in the text.

    The table maps each character to one character, so positions are kept. Lower-casing can lengthen a word (`İ`), so it
    is done last; the result is the same, because no lower-case form contains a separator.
    """
    return [Word(m[0].lower(), m.start(), m.end()) for m in re.finditer(r"\S+", text.translate(_TABLE))]


class Encoded(NamedTuple):
    """A text as input of the network, with counts of known, rare and unknown words."""

    ids: list[int]
    """Distinct ids below the encoding's size, ascending: the positions of ones in the multi-hot vector."""
    words: int
    """Number of words in the text. This and the next two counts include every occurrence of a word."""
    known: int
    """Words with an id of their own."""
    rare: int
    """Words of the training corpus whose rank is too high for an id of their own."""
    unknown: list[str]
    """Words that are not in the training corpus, each once, in order."""

    @property
    def unknown_words(self) -> int:
        """Unknown words, counted as often as they occur."""
        return self.words - self.known - self.rare


class Encoder:
    """Turns texts into ids with a word index, which maps words to ranks (1 is the most frequent)."""

    def __init__(self, spec: EncodingSpec, word_index: Mapping[str, int]) -> None:
        """Raises BundleError if the word index holds a rank below 1 or a special id does not fit the size."""
        self.spec = spec
        for special in (spec.start_id, spec.rare_id):
            if special is not None and special >= spec.size:
                raise BundleError(
                    f"manifest.json: special id {special} is outside an encoding of size {spec.size}; train it again."
                )
        if word_index and min(word_index.values()) < 1:
            raise BundleError("word_index.json: a rank is below 1, that of the most frequent word; train it again.")
        pairs: dict[str, dict[str, int]] = {}
        for entry, rank in word_index.items():
            first, space, second = entry.partition(" ")
            wanted = {TWICE: spec.repeats, LATER: spec.lead is not None}.get(second, spec.pairs)
            if space and wanted and rank + spec.offset < spec.size:
                pairs.setdefault(first, {})[second] = rank + spec.offset
        rare = (_RARE, _NO_PAIRS)  # shared, because most words of the corpus have this entry
        self._words: dict[str, tuple[int, Mapping[str, int]]] = {}
        """Word -> (its id, ids of the pairs it begins by second word, TWICE or LATER), so one look-up is enough."""
        for word, rank in word_index.items():
            if " " not in word:
                word_id = rank + spec.offset if rank + spec.offset < spec.size else _RARE
                pair_ids = pairs.get(word, _NO_PAIRS)
                self._words[word] = (word_id, pair_ids) if pair_ids or word_id != _RARE else rare

    def status(self, word: str) -> WordStatus:
        """Whether a lower-case word has an id of its own, is rare, or is not in the training corpus."""
        found = self._words.get(word)
        return "unknown" if found is None else "rare" if found[0] == _RARE else "known"

    def encode(self, text: str) -> Encoded:
        """Encode a text."""
        return self.encode_words(tokenize(text))

    def encode_words(self, words: Sequence[str]) -> Encoded:
        """Encode a text that is already split into words by `tokenize`."""
        distinct: set[int] = set()
        rare = 0
        unknown: list[str] = []
        find, add = self._words.get, distinct.add
        pairs = _NO_PAIRS
        lead, later = self._split_lead(words)
        for word in lead:
            found = find(word)
            if found is None:
                # Skipped before pairs are formed, so that removing an unknown word from a text changes nothing.
                unknown.append(word)
                continue
            if pairs and word in pairs:
                add(pairs[word])
            word_id, pairs = found
            if word_id == _RARE:
                rare += 1
            else:
                if word_id in distinct and TWICE in pairs:
                    add(pairs[TWICE])
                add(word_id)
        if later:
            rare += self._add_later(later, distinct, unknown, pairs)
        if self.spec.start_id is not None:
            add(self.spec.start_id)
        if rare and self.spec.rare_id is not None:
            add(self.spec.rare_id)
        known = len(words) - rare - len(unknown)
        return Encoded(sorted(distinct), len(words), known, rare, list(dict.fromkeys(unknown)) if unknown else unknown)

    def _add_later(self, words: Sequence[str], distinct: set[int], unknown: list[str], pairs: Mapping[str, int]) -> int:
        """Add the ids of words after the lead to `distinct`, and unknown words to `unknown`.

        `pairs` are the pair ids of the last known word of the lead. Returns the number of rare words.
        """
        rare = 0
        for word in words:
            found = self._words.get(word)
            if found is None:
                unknown.append(word)
                continue
            if word in pairs:
                distinct.add(pairs[word])
            word_id, pairs = found
            later_id = pairs.get(LATER)
            if word_id == _RARE:
                rare += 1
            elif word_id not in distinct and later_id not in distinct:
                if later_id is not None:
                    distinct.add(later_id)
            elif TWICE in pairs:
                distinct.add(pairs[TWICE])
        return rare

    def _split_lead(self, words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
        """The lead of a text and the words after it; most headlines have only a lead."""
        lead = self.spec.lead
        if lead is None or len(words) <= lead:
            return words, ()
        # Unknown words do not count, so that removing one from a text changes nothing.
        known = [index for index, word in enumerate(words) if word in self._words]
        end = known[lead] if len(known) > lead else len(words)
        return words[:end], words[end:]

    def sequence(self, text: str) -> list[int]:
        """Ids in the order of the words, as `keras.datasets.reuters.load_data` returns them.

        Unknown words are skipped; rare words become `rare_id`, or are skipped if it is None.
        """
        start, rare = self.spec.start_id, self.spec.rare_id
        ids = [] if start is None else [start]
        for found in map(self._words.get, tokenize(text)):
            word_id = rare if found and found[0] == _RARE else found and found[0]
            if word_id is not None:
                ids.append(word_id)
        return ids
