"""Chance baselines: the accuracy of answers that ignore the texts."""

import numpy as np

from training.data.dataset import Labels


def majority_accuracy(train: Labels, test: Labels) -> float:
    """Accuracy on `test` of always predicting the most frequent label of `train`; both int64 [n]."""
    return float((test == np.bincount(train).argmax()).mean())


def shuffled_accuracy(test: Labels, seed: int) -> float:
    """The book's random baseline: accuracy of the test labels, int64 [n], in a random order."""
    shuffled = np.random.default_rng(seed).permutation(test)
    return float((shuffled == test).mean())
