"""What can be had without reading the wires: the floor that every accuracy stands on."""

import numpy as np

from training.data.dataset import Labels


def majority_accuracy(train: Labels, test: Labels) -> float:
    """Accuracy of always answering the most frequent training label."""
    return float((test == np.bincount(train).argmax()).mean())


def shuffled_accuracy(test: Labels, seed: int) -> float:
    """The book's random baseline: how often the labels, shuffled, hit themselves."""
    shuffled = np.random.default_rng(seed).permutation(test)
    return float((shuffled == test).mean())
