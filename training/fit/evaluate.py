"""Measures a fitted bundle on test rows as it is served: figures, the outside class, and the labels it confuses."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from app.classifier import TopicClassifier
from training.evaluation.evaluate import Evaluation, measure
from training.labelled.rows import LabelledRow

PAIRS: Final = 5
EXAMPLES: Final = 3
_BATCH: Final = 1_000


@dataclass(frozen=True, slots=True)
class Confusion:
    """Texts of one label for which the model prefers another."""

    label: str
    predicted: str
    texts: int
    examples: tuple[str, ...]
    """Those of which the model is most sure."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of a bundle on test rows."""

    evaluation: Evaluation
    """Of the rows with a label. A text without a known word counts as answered by the model's prior."""
    outside: dict[str, Any] | None
    """AUROC of the outside class and shares above its threshold; None without such a class or such rows."""
    confusions: tuple[Confusion, ...]
    """The PAIRS most frequent ones."""


def evaluate_rows(classifier: TopicClassifier, rows: Sequence[LabelledRow]) -> Measured:
    """Classify test rows and compare with their labels; at least one row must have a label."""
    numbers = {topic.code: topic.label for topic in classifier.topics}
    probabilities, scores = _answers(classifier, [row.text for row in rows])
    labels = np.array([numbers[row.labels[0]] if row.labels else -1 for row in rows])
    inside = np.flatnonzero(labels >= 0)
    topic_set = classifier.bundle.manifest.topic_set
    evaluation = measure(probabilities[inside], labels[inside], None, topic_set.threshold if topic_set else None)
    confusions = _confusions([rows[i] for i in inside.tolist()], probabilities[inside], labels[inside], list(numbers))
    return Measured(evaluation, _outside(classifier, scores, labels), confusions)


def _answers(classifier: TopicClassifier, texts: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Probabilities, float32 [n, topics], and outside probabilities, float64 [n], 0 without that class."""
    probabilities, outside = [], []
    for start in range(0, len(texts), _BATCH):
        some, scores = classifier.infer(classifier.encode(texts[start : start + _BATCH]))
        probabilities.append(some)
        outside.append(np.zeros(len(some)) if scores is None else np.array(scores))
    return np.concatenate(probabilities), np.concatenate(outside)


def _outside(
    classifier: TopicClassifier, scores: NDArray[np.float64], labels: NDArray[np.int64]
) -> dict[str, Any] | None:
    part, without = classifier.bundle.manifest.outside, labels < 0
    if part is None or not without.any() or without.all():
        return None
    return {
        "with_topic": int((~without).sum()),
        "without": int(without.sum()),
        "auroc": float(roc_auc_score(without, scores)),
        "lost": float((scores[~without] > part.threshold).mean()),
        "found": float((scores[without] > part.threshold).mean()),
    }


def _confusions(
    rows: Sequence[LabelledRow], probabilities: NDArray[np.float32], labels: NDArray[np.int64], codes: Sequence[str]
) -> tuple[Confusion, ...]:
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    pairs = [(int(labels[i]), int(predicted[i])) for i in wrong]
    found = []
    places = wrong.tolist()
    for (label, other), count in Counter(pairs).most_common(PAIRS):
        texts = [rows[i].text for i, pair in zip(places, pairs, strict=True) if pair == (label, other)]
        found.append(Confusion(codes[label], codes[other], count, tuple(texts[:EXAMPLES])))
    return tuple(found)
