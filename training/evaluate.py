"""Measures a bundle as it is served: texts through `app.classifier`, answers against labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from app.classifier import TopicClassifier
from app.classifier.network import Floats
from training.corpus import Wire, read_corpus
from training.dataset import Dataset, Labels
from training.errors import DataError


@dataclass(frozen=True, slots=True)
class TopicSkill:
    """How well one topic is told from the others."""

    support: int
    """Wires that have this label."""
    precision: float | None
    """None: it was never predicted."""
    recall: float | None
    """None: no wire has it."""
    f1: float | None
    """None: neither."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured on one set of wires."""

    wires: int
    loss: float
    """Mean cross-entropy in nats."""
    accuracy: float
    any_topic_accuracy: float | None
    """The same where any topic that the editors assigned counts as right; None: only the first is known."""
    top3: float
    """How often the label is among the three most probable topics."""
    macro_f1: float
    """Mean F1 over the topics that occur or were predicted: each topic counts alike, however rare."""
    topics: tuple[TopicSkill, ...]
    confusion: NDArray[np.int64]
    """int64 [topics, topics]: row is the label, column the prediction."""

    def figures(self) -> dict[str, Any]:
        """The single numbers, for the manifest and the reader."""
        figures = {
            "wires": self.wires,
            "accuracy": self.accuracy,
            "loss": self.loss,
            "macro_f1": self.macro_f1,
            "top3": self.top3,
        }
        return figures if self.any_topic_accuracy is None else figures | {"any_topic_accuracy": self.any_topic_accuracy}


def measure(probabilities: Floats, labels: Labels, assigned: Sequence[Sequence[int]] | None = None) -> Evaluation:
    """Hold answers against labels.

    Args:
        probabilities: float32 [n, topics], each row summing to 1.
        labels: int64 [n], the one right topic of each wire.
        assigned: all labels that each wire's editors gave it, if known.
    """
    count, topics = probabilities.shape
    predicted = probabilities.argmax(axis=1)
    # Stable, as the classifier ranks: equal probabilities by label.
    top3 = np.argsort(-probabilities, axis=1, kind="stable")[:, :3]
    own = probabilities[np.arange(count), labels].astype(np.float64)
    skills = _skills(labels, predicted, topics)
    known = [skill.f1 for skill in skills if skill.f1 is not None]
    return Evaluation(
        wires=count,
        loss=float(-np.log(np.maximum(own, np.finfo(np.float32).tiny)).mean()),
        accuracy=float((predicted == labels).mean()),
        any_topic_accuracy=None if assigned is None else _any_topic(predicted, assigned),
        top3=float((top3 == labels[:, None]).any(axis=1).mean()),
        macro_f1=float(np.mean(known)),
        topics=skills,
        confusion=confusion_matrix(labels, predicted, labels=np.arange(topics)),
    )


def evaluate(classifier: TopicClassifier, dataset: Dataset, corpus: Sequence[Wire] | None) -> dict[str, Evaluation]:
    """Measure on the `test` wires and, where the corpus is at hand, on those of them with an `own_body`.

    Raises:
        DataError: the corpus is not that of the set.
    """
    probabilities = answer(classifier, dataset.test.texts)
    labels = dataset.test.labels
    if corpus is None:
        return {"test": measure(probabilities, labels)}
    wires = sorted((wire for wire in corpus if wire.split == "test"), key=lambda wire: wire.position)
    if [wire.label for wire in wires] != labels.tolist():
        raise DataError("The archive's test wires are not those of the 46-topic set; use both unchanged.")
    assigned = [wire.labels for wire in wires]
    own = np.array([wire.body is not None for wire in wires])
    kept = [labels_ for labels_, is_own in zip(assigned, own, strict=True) if is_own]
    return {
        "test": measure(probabilities, labels, assigned),
        "own_body": measure(probabilities[own], labels[own], kept),
    }


def answer(classifier: TopicClassifier, texts: Sequence[str], batch: int = 1_000) -> Floats:
    """What the service would answer to each text: probabilities, float32 [len(texts), topics]."""
    batches = [texts[start : start + batch] for start in range(0, len(texts), batch)]
    encode = classifier.encoder.encode
    return np.concatenate([classifier.probabilities([encode(text) for text in one]) for one in batches])


def read_corpus_if_present(archive: Path) -> tuple[Wire, ...] | None:
    """The archive's wires, or None without an archive; raises CorpusError if there is one but it is damaged."""
    return read_corpus(archive) if archive.exists() else None


def _skills(labels: Labels, predicted: NDArray[np.int64], topics: int) -> tuple[TopicSkill, ...]:
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=np.arange(topics), zero_division=0.0
    )
    guesses = np.bincount(predicted, minlength=topics)
    return tuple(
        TopicSkill(
            support=int(support[i]),
            precision=float(precision[i]) if guesses[i] else None,
            recall=float(recall[i]) if support[i] else None,
            f1=float(f1[i]) if guesses[i] or support[i] else None,
        )
        for i in range(topics)
    )


def _any_topic(predicted: NDArray[np.int64], assigned: Sequence[Sequence[int]]) -> float:
    return float(np.mean([guess in labels for guess, labels in zip(predicted.tolist(), assigned, strict=True)]))
