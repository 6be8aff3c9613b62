"""Finds exact and near duplicates among texts, in time and memory linear in the number of words."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.classifier.characters.unspaced_scripts import BLOCKS
from app.classifier.tokenizer import Tokenizer

MIN_WORDS: Final = 8
MAX_WORDS: Final = 100
"""Texts with fewer or more words are near duplicates only of texts with the same words. Within these limits a text has
one key per word in memory."""

MAX_GROUP_TEXTS: Final = 50
"""Maximum number of different texts in a group of near duplicates that a split keeps together."""

_SLICE_CHARACTERS: Final = 1_000
"""Characters that are normalized at once: the time is quadratic in the length of a run of combining marks."""

_TOKENIZER = Tokenizer(split_unspaced=True, split_symbols=True)
_UNSPACED = re.compile(f"[{''.join(BLOCKS)}]")


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Groups of duplicate texts; one element per text."""

    exact: NDArray[np.int32]
    """Number of the text's group; equal texts, except for case and white space, have the same."""
    near: NDArray[np.int32]
    """The same for exact and near duplicates. Each text of a group is a near duplicate of another, but not of all."""
    together: NDArray[np.int32]
    """Groups to keep on one side of a split: those of `near`, or those of `exact` where a group of `near` has more
    than MAX_GROUP_TEXTS different texts. Such texts are made from a template, and all rows of a label may be."""
    hashes: NDArray[np.uint64]
    """Hash of the text, the same for exact duplicates and in every process."""


def exact_key(text: str) -> str:
    """The text without differences of case, white space and compatibility forms (such as full width)."""
    return " ".join("".join(map(_normalized, _slices(text))).casefold().split())


def _normalized(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _slices(text: str) -> list[str]:
    """The text in slices of at most _SLICE_CHARACTERS, divided between words where there are spaces."""
    if len(text) <= _SLICE_CHARACTERS or text.isascii():
        return [text]
    return re.findall(rf"\s+|\S{{1,{_SLICE_CHARACTERS}}}", text)


def find_duplicates(texts: Sequence[str]) -> Duplicates:
    """Group texts: near duplicates have the same words in any order, or all but one of 8 to 100 words.

    One word may be replaced, added or missing. In a script without spaces a character counts as half a word.
    """
    from scipy.sparse import coo_matrix  # noqa: PLC0415 - takes a second that --help and errors of options need not
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    numbers: dict[str, int] = {}
    exact = np.fromiter((numbers.setdefault(exact_key(text), len(numbers)) for text in texts), np.int32, len(texts))
    count = len(numbers)
    hashes = np.fromiter((_hash(key) for key in numbers), np.uint64, count)
    keys, owners = _keys(list(numbers))
    order = np.argsort(keys, kind="stable")
    keys, owners = keys[order], owners[order]
    same = keys[1:] == keys[:-1]
    links = coo_matrix((np.ones(same.sum(), np.int8), (owners[1:][same], owners[:-1][same])), shape=(count, count))
    groups = connected_components(links, directed=False)[1].astype(np.int32)
    is_large = np.bincount(groups) > MAX_GROUP_TEXTS
    together = np.where(is_large[groups], count + np.arange(count, dtype=np.int32), groups).astype(np.int32)
    return Duplicates(exact, groups[exact], together[exact], hashes[exact])


def _keys(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Keys of the texts, and the number of the text that each belongs to; near duplicates share a key.

    A key is the sum of the hashes of a text's words modulo 2^64, of all words or of all but one. Texts that differ in
    one word share the sum without it.
    """
    lengths = np.empty(len(texts), np.int32)
    weights = np.empty(len(texts), np.float32)
    flat = np.fromiter(_word_hashes(texts, lengths, weights), np.uint64)
    owners = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
    # A cumulative sum that wraps around; its differences are still right.
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(flat, dtype=np.uint64)])
    ends = np.cumsum(lengths, dtype=np.int64)
    totals = sums[ends] - sums[ends - lengths]
    long = weights[owners] >= MIN_WORDS
    less = totals[owners[long]] - flat[long]
    return np.concatenate([totals, less]), np.concatenate([np.arange(len(texts), dtype=np.int32), owners[long]])


def _word_hashes(texts: Sequence[str], lengths: NDArray[np.int32], weights: NDArray[np.float32]) -> Iterable[int]:
    """Hashes of the words of all texts; `lengths` and `weights`, [texts], are filled with each text's words."""
    hash_of = cache(_hash)  # of this call only: a global cache would keep all words of all files
    for number, text in enumerate(texts):
        words = units(text)
        if len(words) > MAX_WORDS:
            lengths[number] = weights[number] = 1
            yield sum(map(hash_of, words)) % 2**64
            continue
        lengths[number] = len(words)
        weights[number] = len(words) if text.isascii() else sum(map(_weight, words))
        yield from map(hash_of, words)


def units(text: str) -> list[str]:
    """Words of a text, symbols, and characters of scripts without spaces; the text itself if it has none of them."""
    return _TOKENIZER.tokenize(text) or [text]


def _weight(unit: str) -> float:
    return 0.5 if _UNSPACED.match(unit) else 1


def _hash(text: str) -> int:
    """64-bit hash, the same in every process."""
    return int.from_bytes(blake2b(text.encode("utf-8"), digest_size=8).digest(), "little")
