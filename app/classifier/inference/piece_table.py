"""Piece table: finds the ids of the pieces of many words at once with NumPy, not piece by piece in a dict."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from app.classifier.word_index import MAX_PIECED

Integers = NDArray[np.int64]

FEW_WORDS: Final = 40
"""For fewer words, looking up each piece in a dict is faster."""
SLICE: Final = 8_192
"""Maximum number of characters that are cut into pieces at once: an array has at most this many numbers for each length
of a piece, and so fits into the processor's cache."""
_MAX_WAITING = 16
"""After this many slices their ids are merged, so that a long text that repeats its pieces takes little memory."""

_SCATTER = np.uint64(0x9E3779B97F4A7C15)
"""2 ** 64 divided by the golden ratio: multiplicative hashing (Knuth, The Art of Computer Programming, vol. 3, 6.4)."""
_ID = np.int64(2**32 - 1)
"""Mask for the id in an integer that holds text and id."""


class PieceTable:
    """A hash table of pieces in NumPy arrays: 20 to 28 bytes a piece, and 2 for each code point up to the greatest.

    The key of a piece is an integer made of the numbers of its characters, which start at 1, so different pieces have
    different keys. The keys are sorted by their hash, and those with the same hash are compared one by one.
    """

    def __init__(self, pieces: Mapping[str, int], sizes: tuple[int, int], numbers: Mapping[str, int]) -> None:
        """See `build`; `numbers` are those of the characters."""
        self._sizes = sizes
        self._bits = np.uint64(len(numbers).bit_length())
        # Pages of zeros take no memory until they are written. The last number, of all code points above, is a 0 too.
        self._numbers = np.zeros(max(map(ord, numbers)) + 2, np.uint16)
        self._numbers[list(map(ord, numbers))] = list(numbers.values())
        keys = np.zeros(len(pieces), np.uint64)
        for place in range(sizes[1]):
            longer = np.array([len(piece) > place for piece in pieces])
            digits = [numbers[piece[place]] for piece in pieces if len(piece) > place]
            keys[longer] = keys[longer] << self._bits | np.array(digits, np.uint64)
        bits = (2 * len(pieces) - 1).bit_length()
        self._shift = np.uint64(64 - bits)
        hashes = self._hash(keys)
        order = hashes.argsort()
        self._ids = np.array(list(pieces.values()), np.int32)[order]
        self._keys = np.append(keys[order], np.uint64(0))
        """With a 0 at the end, because the look-up also reads the position after the last key."""
        self._starts = hashes[order].searchsorted(np.arange(2**bits + 1)).astype(np.int32)
        """Position of the first key of each hash; the next number is the end of its keys."""

    @classmethod
    def build(cls, pieces: Mapping[str, int], sizes: tuple[int, int]) -> Self | None:
        """The table of pieces with their ids; None if there are none, or their keys do not fit into 64 bits.

        `sizes`: minimum and maximum length of a piece. With 4, there may be 65,535 different characters; with 8, 255.
        """
        usable = {piece: piece_id for piece, piece_id in pieces.items() if _can_occur(piece, sizes)}
        numbers = {character: number for number, character in enumerate(sorted(set(chain.from_iterable(usable))), 1)}
        fits = len(numbers).bit_length() <= min(16, 64 // sizes[1])
        return cls(usable, sizes, numbers) if usable and fits else None

    def add(self, ids: Sequence[Sequence[int]], words: Sequence[Collection[str]]) -> tuple[list[list[int]], list[int]]:
        """Add the ids of the pieces of words to those of their texts.

        Args:
            ids: those of each text.
            words: of each text, distinct.

        Returns:
            The ids of each text, distinct and ascending, and of how many of its words a piece has an id.
        """
        # Text and id in one integer: sorting these sorts the ids of each text.
        waiting = [_texts(ids) << 32 | np.fromiter(chain.from_iterable(ids), np.int64)]
        texts = _texts(words)
        pieced = np.zeros(len(words), np.int64)
        end = 0
        for cut in _slices(chain.from_iterable(words)):
            text, end = texts[end : end + len(cut)], end + len(cut)
            word, piece_ids = self._find(cut)
            waiting.append(text[word] << 32 | piece_ids)
            if len(waiting) > _MAX_WAITING:
                waiting = [_merge(waiting)]
            has_piece = np.zeros(len(cut), np.bool)
            has_piece[word] = True
            pieced += np.bincount(text[has_piece], minlength=len(words))
        merged = _merge(waiting)
        ends = merged.searchsorted(np.arange(len(ids) + 1) << 32).tolist()
        flat = (merged & _ID).tolist()
        return [flat[start:end] for start, end in pairwise(ends)], pieced.tolist()

    def _find(self, words: Sequence[str]) -> tuple[Integers, NDArray[np.int32]]:
        """The pieces of words that have an id: the index of their word, and the id, with repetitions."""
        # No piece has a space, so those that span two words have no key. `<` and `>` mark the ends of a word.
        text = np.frombuffer(f"<{'> <'.join(words)}>".encode("utf-32-le", "surrogatepass"), "<u4")
        least, most = self._sizes
        numbers = np.zeros(len(text) + most, np.uint64)
        numbers[: len(text)] = self._numbers.take(text, mode="clip")
        by_size = np.empty((most - least + 1, len(text)), np.uint64)
        key = first = numbers[: len(text)]
        for size in range(2, most + 1):
            key = key << self._bits
            key |= numbers[size - 1 : size - 1 + len(text)]
            if size >= least:
                by_size[size - least] = key
        by_size *= first > 0  # with an unnumbered first character, it would be the key of the shorter piece after it
        keys = by_size.ravel()
        hashes = self._hash(keys)
        place = self._starts.take(hashes)
        same = self._keys.take(place) == keys
        left = same.nonzero()[0]
        places, positions = [place.take(left)], [left]
        place += 1
        end = self._starts[1:].take(hashes)
        left = (~same & (place < end)).nonzero()[0]
        keys, place, end = keys.take(left), place.take(left), end.take(left)
        while len(left):
            same = self._keys.take(place) == keys
            places.append(place[same])
            positions.append(left[same])
            place += 1
            more = ~same & (place < end)
            left, keys, place, end = left[more], keys[more], place[more], end[more]
        word_at = np.repeat(np.arange(len(words)), [len(word) + 3 for word in words])
        return word_at.take(np.concatenate(positions) % len(text)), self._ids.take(np.concatenate(places))

    def _hash(self, keys: NDArray[np.uint64]) -> NDArray[np.intp]:
        return (keys * _SCATTER >> self._shift).astype(np.intp)


def _can_occur(piece: str, sizes: tuple[int, int]) -> bool:
    """Whether `pieces` can return this piece: it has a size in use, and at least two characters of a word."""
    return sizes[0] <= len(piece) <= sizes[1] and len(piece.removeprefix("<").removesuffix(">")) >= 2


def _texts(by_text: Sequence[Collection[object]]) -> Integers:
    """The index of the text of each element."""
    return np.repeat(np.arange(len(by_text)), np.fromiter(map(len, by_text), np.intp, len(by_text)))


def _merge(arrays: Sequence[Integers]) -> Integers:
    """The numbers of several arrays, each once, ascending; `np.unique` takes four times as long."""
    numbers = np.sort(np.concatenate(arrays))
    merged: Integers = numbers[np.append(True, numbers[1:] != numbers[:-1])[: len(numbers)]]
    return merged


def _slices(words: Iterable[str]) -> Iterator[list[str]]:
    """Words without what is not cut into pieces, in lists of at most SLICE characters with their marks and spaces."""
    cut: list[str] = []
    characters = 0
    for word in words:
        pieced = word[:MAX_PIECED]
        characters += len(pieced) + 3
        if characters > SLICE:
            yield cut
            cut, characters = [], len(pieced) + 3
        cut.append(pieced)
    if cut:
        yield cut
