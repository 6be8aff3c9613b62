"""What words have in common: pieces of three and four letters, whose weights words share while a network learns."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

import numpy as np
import scipy.sparse as sp

SIZES: Final = (3, 4)
"""Letters of a piece; where a word begins and ends counts as one."""


def pieces(word: str) -> list[str]:
    """The pieces of a word, each once (Bojanowski et al. 2017, arXiv:1607.04606)."""
    marked = f"<{word}>"
    found = (marked[start : start + size] for size in SIZES for start in range(len(marked) - size + 1))
    return list(dict.fromkeys(found))


def spread(word_index: Mapping[str, int], size: int, share: float, least: int) -> sp.csr_matrix:
    """A matrix, float32 [size, size + pieces], that gives each id itself and, if it is a word's, the word's pieces.

    A network learns from `rows @ spread`, so that words with pieces in common learn from each other's texts; then
    `spread @ kernel` is a kernel for the rows as they are, and serving has nothing to do with pieces.

    Args:
        word_index: ranks are ids; pairs and repeats have no pieces of their own.
        size: ids below it have a place in the multi-hot vector.
        share: length of a word's pieces together, its own place counting 1.
        least: words that must have a piece.
    """
    words = {rank: pieces(entry) for entry, rank in word_index.items() if rank < size and " " not in entry}
    counts = Counter(piece for some in words.values() for piece in some)
    places = {piece: size + i for i, piece in enumerate(piece for piece, count in counts.items() if count >= least)}
    rows, columns, values = [np.arange(size)], [np.arange(size)], [np.ones(size, np.float32)]
    for rank, some in words.items():
        if kept := [places[piece] for piece in some if piece in places]:
            rows.append(np.full(len(kept), rank))
            columns.append(np.array(kept))
            values.append(np.full(len(kept), share / len(kept) ** 0.5, np.float32))
    shape = (size, size + len(places))
    return sp.csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape)
