"""Trains the linear SVMs of a model, with the kind of feature weights that the recipe names."""

from collections.abc import Callable, Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from app.classifier.inference.products import Floats
from training.headlines.linear.svm import train_linear
from training.headlines.linear.tfidf import train_tfidf
from training.headlines.recipe import Recipe
from training.headlines.samples import Sample, labels_of, members_of, others_of
from training.headlines.training_set import TrainingSet


def train_svms(
    recipe: Recipe,
    training_set: TrainingSet,
    samples: Sequence[Sample],
    *,
    x: sp.csr_matrix,
    expansion: sp.csr_matrix,
    penalties: NDArray[np.float64],
    seed: int,
    on_topic: Callable[[int, int], object] = lambda done, of: None,
) -> tuple[Floats, Floats]:
    """Train linear SVMs on samples.

    Args:
        recipe: hyperparameters.
        training_set: what the samples are from.
        samples: the texts, or some of them.
        x: the same, multi-hot, float32 [n, features].
        expansion: maps features to inputs, float32 [features, inputs] (see `feature_expansion`).
        penalties: float64 [n, 2], C of each sample for its first topic, and for its further topics, before the recipe's
            factor.
        seed: of the solver.
        on_topic: called with the number of trained SVMs and that of all.

    Returns:
        A kernel, float32 [features, units], and a bias, float32 [units].
    """
    topics, units = training_set.topics, training_set.units
    penalties = recipe.linear_c * penalties
    labels = labels_of(samples, topics)
    members = members_of(samples, topics) if training_set.multi_label else None
    if recipe.rare_weight:
        penalties = penalties * rarity_of(labels, topics)[:, None] ** recipe.rare_weight
    if recipe.feature_weights == "tfidf":
        if members is None:
            members = np.eye(topics + 1, dtype=np.bool_)[labels][:, :units]
        return train_tfidf(
            x,
            expansion,
            members,
            penalties[:, 0],
            topics=topics,
            seed=seed,
            most_negatives=recipe.most_negatives,
            on_topic=on_topic,
        )
    kernel = train_linear(
        x,
        expansion,
        labels,
        others_of(samples, units) if members is None else members,
        penalties,
        topics=topics,
        seed=seed,
        most_negatives=recipe.most_negatives,
        multi_label=training_set.multi_label,
        idf_weights=recipe.feature_weights == "ratio and idf",
        on_topic=on_topic,
    )
    return kernel, np.zeros(units, np.float32)


def rarity_of(labels: NDArray[np.int64], topics: int) -> NDArray[np.float64]:
    """How many times as many texts a label has on average as that of each text, float64 [n]; 1 for one about none.

    Args:
        labels: int64 [n], `topics` for a text about none of them.
        topics: their number.
    """
    counts = np.bincount(labels[labels < topics], minlength=topics)
    rarity = np.ones(topics + 1)
    known = np.flatnonzero(counts)
    rarity[known] = counts[known].mean() / counts[known]
    return rarity[labels]
