"""Character n-grams: words that have 3-grams or 4-grams in common share weights while a model is trained."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

import numpy as np
import scipy.sparse as sp

from app.classifier.word_index import pieces

SIZES: Final = (3, 4)
"""Characters of an n-gram; the beginning and the end of a word count as one character each."""


def char_ngrams(word: str) -> list[str]:
    """The distinct character n-grams of a word."""
    return list(dict.fromkeys(pieces(word, SIZES)))


def ngram_expansion(word_index: Mapping[str, int], size: int, share: float, least: int) -> sp.csr_matrix:
    """Matrix that maps each id to itself and, if it is a word's, to the n-grams of the word.

    Models are trained on `rows @ expansion`, so words with n-grams in common learn from each other's texts. After
    that, `expansion @ kernel` is the kernel for the rows themselves, so serving does not need the n-grams.

    Args:
        word_index: entry -> id; word pairs and repeated words have no n-grams of their own.
        size: length of the multi-hot vector; ids from `size` on are left out.
        share: Euclidean length of a word's n-gram weights together; the weight of the word itself is 1.
        least: number of words that must contain an n-gram for it to be used.

    Returns:
        float32 [size, size + n-grams].
    """
    words = {rank: char_ngrams(entry) for entry, rank in word_index.items() if rank < size and " " not in entry}
    counts = Counter(ngram for some in words.values() for ngram in some)
    places = {ngram: size + i for i, ngram in enumerate(ngram for ngram, count in counts.items() if count >= least)}
    rows, columns, values = [np.arange(size)], [np.arange(size)], [np.ones(size, np.float32)]
    for rank, some in words.items():
        if kept := [places[ngram] for ngram in some if ngram in places]:
            rows.append(np.full(len(kept), rank))
            columns.append(np.array(kept))
            values.append(np.full(len(kept), share / len(kept) ** 0.5, np.float32))
    shape = (size, size + len(places))
    return sp.csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape)
