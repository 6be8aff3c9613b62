"""The shuffle and split of keras.datasets.reuters."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

KERAS_SEED: Final = 113
TEST_SPLIT: Final = 0.2


def keras_order(count: int) -> list[int]:
    """The order into which `load_data()` shuffles `count` wires: item i is the index of the wire at position i."""
    # NumPy never changes the stream of RandomState, so every version gives the same order; Keras relies on this too.
    order: list[int] = np.random.RandomState(KERAS_SEED).permutation(count).tolist()
    return order


def keras_split(rows: Sequence[Any] | NDArray[Any]) -> tuple[list[Any], list[Any]]:
    """Shuffle and split as `load_data()` does: the training part, then the test part."""
    order = keras_order(len(rows))
    cut = int(len(rows) * (1 - TEST_SPLIT))
    return [rows[i] for i in order[:cut]], [rows[i] for i in order[cut:]]
