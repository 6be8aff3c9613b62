"""Encoder: turns a text into the ids of its words. Training and serving both use it."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from app.classifier.errors import BundleError
from app.classifier.manifest import EncodingSpec
from app.classifier.tokenizer import Word, locate, plain, tokenize

WordStatus = Literal["known", "rare", "unknown"]

_RARE = -1
"""In place of the id of a word whose rank does not fit into the encoding."""
_NO_PAIRS: Mapping[str, int] = {}

TWICE, LATER = "*2", "*later"
"""Markers in the word index: 'oil *2' ranks a second occurrence of `oil`, 'oil *later' one that occurs only after the
lead of the text. They cannot be words, because the tokenizer splits at `*`."""


def hides_word(spec: EncodingSpec, word: str, rank: int) -> bool:
    """Whether an entry is left out: a quoted word without any id, in place of which the word without quotes counts."""
    return rank + spec.offset >= spec.size and spec.rare_id is None and word != word.strip("'")


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
    """Words that are not in the training corpus, each once, in order, without quotes at their edges."""

    @property
    def unknown_words(self) -> int:
        """Unknown words, counted as often as they occur."""
        return self.words - self.known - self.rare

    @property
    def oov_share(self) -> float:
        """Share of the words that are out of vocabulary, that is rare or unknown; 0 for a text without words."""
        return (self.words - self.known) / (self.words or 1)


class Encoder:
    """Turns texts into ids with a word index, which maps words to ranks (1 is the most frequent).

    A word that is not in the word index is looked up without quotes at its edges, then without diacritics too.
    """

    def __init__(self, spec: EncodingSpec, word_index: Mapping[str, int]) -> None:
        """Raises BundleError if the word index holds a rank below 1 or a special id does not fit the size."""
        self.spec = spec
        self._references = spec.references
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
            if " " not in word and not hides_word(spec, word, rank):
                word_id = rank + spec.offset if rank + spec.offset < spec.size else _RARE
                pair_ids = pairs.get(word, _NO_PAIRS)
                self._words[word] = (word_id, pair_ids) if pair_ids or word_id != _RARE else rare

    def status(self, word: str) -> WordStatus:
        """Whether a lower-case word has an id of its own, is rare, or is not in the training corpus."""
        found = self._words.get(self.resolve(word))
        return "unknown" if found is None else "rare" if found[0] == _RARE else "known"

    def resolve(self, word: str) -> str:
        """The form in which a word of `tokenize` is looked up; empty if it is made of quotes or marks alone."""
        if word in self._words:
            return word
        unquoted = word.strip("'")
        if unquoted.isascii() or unquoted in self._words:
            return unquoted
        bare = plain(unquoted)
        return bare if bare in self._words or not bare else unquoted

    def locate(self, text: str) -> list[Word]:
        """The words of a text as they are looked up, each with its position in the text, which includes quotes."""
        words = (Word(self.resolve(one.word), one.start, one.end) for one in locate(text, self._references))
        return [one for one in words if one.word]

    def tokenize(self, text: str) -> list[str]:
        """The words of a text, for `encode_words`."""
        return tokenize(text, self._references)

    def encode(self, text: str) -> Encoded:
        """Encode a text."""
        return self.encode_words(tokenize(text, self._references))

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
            if found is None and not (word.isalnum() and word.isascii()):
                found = find(word := self.resolve(word))
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
        count = len(words)
        if unknown:
            count -= unknown.count("")
            known = len(words) - rare - len(unknown)
            unknown = [word for word in dict.fromkeys(unknown) if word]
        else:
            known = count - rare
        return Encoded(sorted(distinct), count, known, rare, unknown)

    def _add_later(self, words: Sequence[str], distinct: set[int], unknown: list[str], pairs: Mapping[str, int]) -> int:
        """Add the ids of words after the lead to `distinct`, and unknown words to `unknown`.

        `pairs` are the pair ids of the last known word of the lead. Returns the number of rare words.
        """
        rare = 0
        for word in words:
            found = self._words.get(word)
            if found is None:
                found = self._words.get(word := self.resolve(word))
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
        known = [index for index, word in enumerate(words) if self.resolve(word) in self._words]
        end = known[lead] if len(known) > lead else len(words)
        return words[:end], words[end:]

    def sequence(self, text: str) -> list[int]:
        """Ids in the order of the words, as `keras.datasets.reuters.load_data` returns them.

        Unknown words are skipped; rare words become `rare_id`, or are skipped if it is None.
        """
        start, rare = self.spec.start_id, self.spec.rare_id
        ids = [] if start is None else [start]
        for found in map(self._words.get, map(self.resolve, self.tokenize(text))):
            word_id = rare if found and found[0] == _RARE else found and found[0]
            if word_id is not None:
                ids.append(word_id)
        return ids
