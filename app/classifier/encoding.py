"""Encoder: turns a text into the ids of its words. Training and serving both use it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Literal, NamedTuple

from app.classifier.errors import BundleError
from app.classifier.inference.piece_table import FEW_WORDS, PieceTable
from app.classifier.manifest import EncodingSpec
from app.classifier.tokenizer import Word, plain
from app.classifier.word_index import LATER, NO_PAIRS, RARE, TWICE, Entry, pieces, word_ids

WordStatus = Literal["known", "rare", "unknown"]

_BATCH = 128
"""Texts whose pieces are looked up together, which bounds the memory for a larger batch."""


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
    pieced: int
    """Distinct rare and unknown words of which a piece has an id; always 0 if the encoding has no pieces."""

    @property
    def oov_share(self) -> float:
        """Share of the words that are out of vocabulary, that is rare or unknown; 0 for a text without words."""
        return (self.words - self.known) / (self.words or 1)

    @property
    def unknown_share(self) -> float:
        """Share of the words that are not in the training corpus; 0 for a text without words."""
        return (self.words - self.known - self.rare) / (self.words or 1)

    @property
    def readable(self) -> bool:
        """Whether any word, or any piece of a word, has an id; a classifier abstains from other texts."""
        return self.known > 0 or self.pieced > 0


class Encoder:
    """Turns texts into ids with a word index, which maps words to ranks (1 is the most frequent).

    A word that is not in the word index is looked up without quotes at its edges, then without diacritics too. If the
    encoding has pieces, the pieces of a word without an id are looked up.
    """

    def __init__(self, spec: EncodingSpec, word_index: Mapping[str, int]) -> None:
        """Raises BundleError if the word index holds a rank below 1 or a special id does not fit the size."""
        self.spec = spec
        self.tokenize = spec.tokenizer.tokenize
        """The words of a text, for `encode_words`."""
        for special in (spec.start_id, spec.rare_id):
            if special is not None and special >= spec.size:
                raise BundleError(
                    f"manifest.json: special id {special} is outside an encoding of size {spec.size}; train the bundle"
                    " again."
                )
        self._words, self._pieces = word_ids(spec, word_index)
        self._piece_table = PieceTable.build(self._pieces, spec.pieces) if spec.pieces else None

    def status(self, word: str) -> WordStatus:
        """Whether a lower-case word has an id of its own, is rare, or is not in the training corpus."""
        found = self._words.get(word) or self._words.get(self.resolve(word))
        return "unknown" if found is None else "rare" if found[0] == RARE else "known"

    def find(self, word: str) -> Entry | None:
        """The entry of a resolved word (see `resolve`); None if it is unknown."""
        return self._words.get(word)

    def resolve(self, word: str) -> str:
        """The form in which a word of `tokenize` is looked up; empty if it is made of quotes or marks alone."""
        if word in self._words:
            return word
        unquoted = word.strip("'")
        if unquoted.isascii() or unquoted in self._words:
            return unquoted
        bare = plain(unquoted)
        return bare if bare in self._words or not bare else unquoted

    def piece_ids(self, word: str) -> set[int]:
        """Ids of the pieces of a word, in the form in which it is looked up; empty if the encoding has no pieces."""
        if self.spec.pieces is None or len(word) < 2:  # most characters of unspaced scripts: a word without a piece
            return set()
        return set(filter(None, map(self._pieces.get, pieces(word, self.spec.pieces))))

    def locate(self, text: str) -> list[Word]:
        """The words of a text as they are looked up, each with its position in the text, which includes quotes."""
        located = self.spec.tokenizer.locate(text)
        words = (one if one.word in self._words else one._replace(word=self.resolve(one.word)) for one in located)
        return [one for one in words if one.word]

    def encode(self, text: str) -> Encoded:
        """Encode a text."""
        return self.encode_words(self.tokenize(text))

    def encode_batch(self, texts: Sequence[Sequence[str]]) -> list[Encoded]:
        """What `encode_words` returns for each text; faster if many words have no id, but pieces."""
        if self._piece_table is None:
            return list(map(self.encode_words, texts))
        if len(texts) > _BATCH:
            batches = [texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
            return list(chain.from_iterable(map(self.encode_batch, batches)))
        encoded: list[Encoded] = []
        places: list[int] = []
        oov: list[Collection[str]] = []
        for place, words in enumerate(texts):
            encoded.append(self.encode_words(words, oov))
            if len(oov) > len(places):
                places.append(place)
        few = sum(map(len, oov)) < FEW_WORDS
        add = self._add_few if few else self._piece_table.add
        for place, ids, pieced in zip(places, *add([encoded[place].ids for place in places], oov), strict=True):
            _, number, known, rare, unknown, _ = encoded[place]
            encoded[place] = Encoded(ids, number, known, rare, unknown, pieced)  # half the time of `_replace`
        return encoded

    def encode_words(self, words: Sequence[str], oov: list[Collection[str]] | None = None) -> Encoded:
        """Encode a text that is already split into words, as `tokenize` does.

        If `oov` is given and there are pieces, the distinct rare and unknown words of the text, if it has any, are
        appended to it as one element, and their pieces are left out.
        """
        distinct: set[int] = set()
        rare: list[str] = []
        unknown: list[str] = []
        find, add = self._words.get, distinct.add
        pairs = NO_PAIRS
        first = self.spec.lead
        lead = None if first is None or len(words) <= first else list(words[:first])
        later = iter(words[first:]) if lead else None
        for word in lead or words:
            found = find(word)
            if found is None and not (word.isalnum() and word.isascii()):
                found = find(word := self.resolve(word))
            if found is None:
                # Skipped before pairs are formed, so the words around it form a pair.
                unknown.append(word)
                if lead and later:
                    # Unknown words do not count, so that adding one moves no other out of the lead.
                    lead.extend(islice(later, 1))
                continue
            if pairs and word in pairs:
                add(pairs[word])
            word_id, pairs = found
            if word_id == RARE:
                rare.append(word)
            else:
                if word_id in distinct and TWICE in pairs:
                    add(pairs[TWICE])
                add(word_id)
        if later:
            self._add_later(later, distinct, rare, unknown, pairs)
        pieced = self._add_pieces(distinct, {*rare, *unknown}, oov) if self._pieces and (rare or unknown) else 0
        if self.spec.start_id is not None:
            add(self.spec.start_id)
        if rare and self.spec.rare_id is not None:
            add(self.spec.rare_id)
        count = len(words)
        known = count - len(rare) - len(unknown)
        if unknown:
            count -= unknown.count("")
            unknown = [word for word in dict.fromkeys(unknown) if word]
        return Encoded(sorted(distinct), count, known, len(rare), unknown, pieced)

    def _add_pieces(self, ids: set[int], words: Collection[str], oov: list[Collection[str]] | None = None) -> int:
        """Add the ids of the pieces of words to `ids`; returns of how many words a piece has an id.

        If `oov` is given, adds the words to it instead.
        """
        if oov is not None:
            oov.append(words)
            return 0
        by_word = list(filter(None, map(self.piece_ids, words)))
        ids.update(*by_word)
        return len(by_word)

    def _add_few(
        self, ids: Sequence[Sequence[int]], words: Sequence[Collection[str]]
    ) -> tuple[list[list[int]], list[int]]:
        """What `PieceTable.add` returns, without the constant cost of its NumPy calls."""
        distinct = [set(word_ids) for word_ids in ids]
        pieced = list(map(self._add_pieces, distinct, words))
        return list(map(sorted, distinct)), pieced

    def _add_later(
        self,
        words: Iterator[str],
        distinct: set[int],
        rare: list[str],
        unknown: list[str],
        pairs: Mapping[str, int],
    ) -> None:
        """Add the ids of words after the lead to `distinct`, and rare and unknown words to their lists.

        `pairs` are the pair ids of the last known word of the lead.
        """
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
            if word_id == RARE:
                rare.append(word)
            elif word_id not in distinct and later_id not in distinct:
                if later_id is not None:
                    distinct.add(later_id)
            elif TWICE in pairs:
                distinct.add(pairs[TWICE])

    def sequence(self, text: str) -> list[int]:
        """Ids in the order of the words, as `keras.datasets.reuters.load_data` returns them.

        Unknown words are skipped; rare words become `rare_id`, or are skipped if it is None.
        """
        start, rare = self.spec.start_id, self.spec.rare_id
        ids = [] if start is None else [start]
        for found in map(self._words.get, map(self.resolve, self.tokenize(text))):
            word_id = rare if found and found[0] == RARE else found and found[0]
            if word_id is not None:
                ids.append(word_id)
        return ids
