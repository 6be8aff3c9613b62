"""The shuffle and split of keras.datasets.reuters."""

from typing import Final

import numpy as np

KERAS_SEED: Final = 113
TEST_SPLIT: Final = 0.2


def keras_order(count: int) -> list[int]:
    """The order into which `load_data()` shuffles `count` wires: item i is the index of the wire at position i."""
    # NumPy never changes the stream of RandomState, so every version gives the same order; Keras relies on this too.
    order = np.arange(count)
    np.random.RandomState(KERAS_SEED).shuffle(order)
    return [int(index) for index in order]
