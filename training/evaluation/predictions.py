"""A bundle's answers to texts as arrays: probabilities, outside probabilities, and the labels that it gives."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.classifier import TopicClassifier
from app.classifier.inference.products import Floats

_BATCH_ROWS: Final = 1_000
"""Texts whose features are in memory at once."""


def predict(classifier: TopicClassifier, texts: Sequence[str]) -> tuple[Floats, NDArray[np.float64]]:
    """Classify texts as the service does.

    Returns:
        Calibrated probabilities, float32 [n, topics], and probabilities of the outside class, float64 [n]; these are 0
        if the bundle has no such class.
    """
    probabilities, outside = [], []
    for start in range(0, len(texts), _BATCH_ROWS):
        batch, scores = classifier.infer(classifier.encode(texts[start : start + _BATCH_ROWS]))
        probabilities.append(batch)
        outside.append(np.zeros(len(batch)) if scores is None else np.array(scores))
    return np.concatenate(probabilities), np.concatenate(outside)


def count_unanswered(classifier: TopicClassifier, texts: Sequence[str]) -> int:
    """How many of the texts the service answers with `no_known_words`, although `predict` gives them probabilities."""
    batches = (texts[start : start + _BATCH_ROWS] for start in range(0, len(texts), _BATCH_ROWS))
    return sum(not text.readable for batch in batches for text in classifier.encode(batch))


def as_answered(probabilities: Floats) -> NDArray[np.float64]:
    """Probabilities, float32 [n, topics], with the eight digits of an answer, which are compared with thresholds."""
    return probabilities.astype(np.float64).round(8)


def given_labels(classifier: TopicClassifier, probabilities: Floats) -> NDArray[np.bool_]:
    """The labels that a bundle gives to texts with these probabilities, float32 [n, topics]: bool [n, topics].

    Those above their thresholds if a text may have several labels, otherwise the most probable one.
    """
    multi_label = classifier.bundle.manifest.multi_label
    if multi_label is not None:
        given: NDArray[np.bool_] = as_answered(probabilities) >= np.array(multi_label.thresholds)
    else:
        given = probabilities.argmax(axis=1)[:, None] == np.arange(probabilities.shape[1])
    return given


def ordered_by(values: NDArray[Any], classifier: TopicClassifier, codes: Sequence[str]) -> NDArray[Any]:
    """Values of a bundle's labels, [n, topics], in the order of `codes`: 0 or false for a label that it lacks."""
    ordered: NDArray[Any] = np.zeros((len(values), len(codes)), values.dtype)
    ordered[:, [codes.index(topic.code) for topic in classifier.topics]] = values
    return ordered
