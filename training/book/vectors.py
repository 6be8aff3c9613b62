"""The book's two encoding functions: ids to multi-hot vectors, labels to one-hot vectors."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.classifier.inference.products import Floats


def vectorize_sequences(sequences: Sequence[Sequence[int]], dimension: int = 10_000) -> Floats:
    """Multi-hot vectors, float32 [n, dimension]: 1 at each id that occurs in a sequence.

    Raises:
        IndexError: an id is not below `dimension`.
    """
    results = np.zeros((len(sequences), dimension), np.float32)
    for row, sequence in zip(results, sequences, strict=True):
        row[np.asarray(sequence, np.intp)] = 1.0
    return results


def to_one_hot(labels: Sequence[int] | NDArray[np.int64], dimension: int = 46) -> Floats:
    """One-hot vectors, float32 [n, dimension]: 1 at the label.

    Raises:
        IndexError: a label is not below `dimension`.
    """
    results = np.zeros((len(labels), dimension), np.float32)
    results[np.arange(len(labels)), np.asarray(labels, np.intp)] = 1.0
    return results
