"""Word index of a bundle: its kinds of entries, and the ids that they stand for."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import itemgetter
from sys import intern
from typing import Final, NamedTuple

from app.classifier.errors import BundleError
from app.classifier.manifest import EncodingSpec

TWICE, LATER, PIECE = "*2", "*later", "*piece"
"""Markers in the word index: 'oil *2' ranks a second occurrence of `oil`, 'oil *later' one that occurs only after the
lead of the text, '<oi *piece' the piece `<oi` of words. They cannot be words, because the tokenizer splits at `*`."""

RARE: Final = -1
"""Replaces the id of a word whose rank does not fit into the encoding."""
NO_PAIRS: Final[Mapping[str, int]] = {}

MAX_PIECED: Final = 62
"""Characters of a word that are cut into pieces; the rest of a longer word is left out."""


Entry = tuple[int, Mapping[str, int]]
"""Id of a word or RARE, and ids of the pairs that it begins by their second word, TWICE or LATER."""


class WordIds(NamedTuple):
    """The ids of a word index."""

    words: dict[str, Entry]
    """By word, so that one look-up is enough."""
    pieces: dict[str, int]
    """Piece -> its id."""


def pieces(word: str, sizes: tuple[int, int]) -> tuple[str, ...]:
    """Character n-grams of a word (Bojanowski et al. 2017, arXiv:1607.04606), the short ones first, with repetitions.

    Args:
        word: as it is looked up.
        sizes: minimum and maximum length. `<` and `>`, the start and the end of the word, count as characters, but a
            piece has at least two characters of the word.
    """
    marked = f"<{word[:MAX_PIECED]}>"
    return _cutter(len(marked), sizes)(marked)


@lru_cache(maxsize=1024)
def _cutter(length: int, sizes: tuple[int, int]) -> Callable[[str], tuple[str, ...]]:
    """Cuts marked words of one length: `itemgetter` takes half the time of a loop."""
    places = [
        slice(start, start + size)
        for size in range(sizes[0], sizes[1] + 1)
        for start in range(length - size + 1)
        if size - (start == 0) - (start + size == length) >= 2
    ]
    return itemgetter(*places) if len(places) > 1 else lambda marked: tuple(marked[place] for place in places)


def hides_word(spec: EncodingSpec, word: str, rank: int) -> bool:
    """Whether an entry is left out: a quoted word without any id; the word without quotes counts instead."""
    return rank + spec.offset >= spec.size and spec.rare_id is None and word != word.strip("'")


def word_ids(spec: EncodingSpec, word_index: Mapping[str, int]) -> WordIds:
    """The ids of a word index; raises BundleError if it holds a rank below 1."""
    if word_index and min(word_index.values()) < 1:
        raise BundleError("word_index.json: a rank is below 1, that of the most frequent word; train the bundle again.")
    wanted = {TWICE: spec.repeats, LATER: spec.lead is not None, PIECE: spec.pieces is not None}
    offset, keeps_pairs = spec.offset, spec.pairs  # fields of a pydantic model take longer to read than variables
    ranks = spec.size - offset  # from there on, a rank has no id
    pairs: dict[str, dict[str, int]] = {}
    piece_ids: dict[str, int] = {}
    words: dict[str, Entry] = {}
    # Many words have the same entry: rare ones, and those that share the id of their cluster.
    alone: dict[int, Entry] = {}
    rare = (RARE, NO_PAIRS)
    # One pass and few calls, because an index has 100,000 entries.
    for entry, rank in word_index.items():
        if " " in entry:
            first, _, second = entry.partition(" ")
            if rank < ranks and wanted.get(second, keeps_pairs):
                if second == PIECE:
                    piece_ids[first] = rank + offset
                else:
                    pairs.setdefault(first, {})[intern(second)] = rank + offset
        elif rank < ranks:
            ids = alone.get(rank)
            if ids is None:
                ids = alone[rank] = (rank + offset, NO_PAIRS)
            words[entry] = ids
        elif "'" not in entry or not hides_word(spec, entry, rank):
            words[entry] = rare
    for first, pair_ids in pairs.items():
        if first in words:
            words[first] = (words[first][0], pair_ids)
    return WordIds(words, piece_ids)
