"""The one tokenizer and encoder; training and serving both call it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

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
_NO_PAIRS: Mapping[str, int] = {}

TWICE, LATER = "*2", "*later"
"""Stand in the word index for a word's second occurrence ('oil *2'), and for one that does not occur before the lead of
a text is over ('oil *later'): no words, since `*` separates words."""


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
        pairs: dict[str, dict[str, int]] = {}
        for entry, rank in word_index.items():
            first, space, second = entry.partition(" ")
            wanted = {TWICE: spec.repeats, LATER: spec.lead is not None}.get(second, spec.pairs)
            if space and wanted and rank + spec.offset < spec.size:
                pairs.setdefault(first, {})[second] = rank + spec.offset
        rare = (_RARE, _NO_PAIRS)  # one for most words of the corpus
        self._words: dict[str, tuple[int, Mapping[str, int]]] = {}
        """Word -> its id, and the ids of what it begins, by second words, TWICE or LATER: one look-up for all."""
        for word, rank in word_index.items():
            if " " not in word:
                word_id = rank + spec.offset if rank + spec.offset < spec.size else _RARE
                begun = pairs.get(word, _NO_PAIRS)
                self._words[word] = (word_id, begun) if begun or word_id != _RARE else rare

    def status(self, word: str) -> Status:
        """Whether a lower-case word has an id of its own, is beyond the cut, or never occurred."""
        found = self._words.get(word)
        return "unknown" if found is None else "rare" if found[0] == _RARE else "known"

    def encode(self, text: str) -> Encoded:
        """The ones of a text's multi-hot vector."""
        return self.encode_words(tokenize(text))

    def encode_words(self, words: Sequence[str]) -> Encoded:
        """The same for a text that is already cut into words."""
        distinct: set[int] = set()
        rare = 0
        unknown: list[str] = []
        find, add = self._words.get, distinct.add
        pairs = _NO_PAIRS
        lead, later = self._cut(words)
        for word in lead:
            found = find(word)
            if found is None:
                # Skipped before pairing, as it is everywhere: leaving an unknown word out changes nothing.
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
        """Add what the words after the lead say to `distinct` and `unknown`; how many are rare.

        `pairs`: what the word before them begins.
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

    def _cut(self, words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
        """The lead of a text and what comes later, which most headlines have nothing of."""
        lead = self.spec.lead
        if lead is None or len(words) <= lead:
            return words, ()
        # Unknown words do not count, so that leaving one out changes nothing.
        met = [place for place, word in enumerate(words) if word in self._words]
        cut = met[lead] if len(met) > lead else len(words)
        return words[:cut], words[cut:]

    def sequence(self, text: str) -> list[int]:
        """Ids in the order of the words, as `keras.datasets.reuters.load_data` gives them.

        Words that the corpus never had are skipped; rare ones become `rare_id` (or are skipped without one).
        """
        start, rare = self.spec.start_id, self.spec.rare_id
        ids = [] if start is None else [start]
        for found in map(self._words.get, tokenize(text)):
            word_id = rare if found and found[0] == _RARE else found and found[0]
            if word_id is not None:
                ids.append(word_id)
        return ids
