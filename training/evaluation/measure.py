"""Figures of a bundle's answers to labelled texts: accuracy, F1, calibration and prediction sets."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom
from sklearn.metrics import confusion_matrix

from app.classifier.inference.products import Floats
from training.evaluation.predictions import as_answered
from training.evaluation.topic_skill import TopicSkill, macro_f1, topic_skills

BINS: Final = 15
"""Number of bins of a reliability diagram."""


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of a reliability diagram: texts with about the same confidence."""

    texts: int
    confidence: float
    """Mean probability of the most probable topic."""
    accuracy: float
    """Share of the texts for which that topic is right."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of one set of texts. Rates are 0 to 1."""

    texts: int
    loss: float
    """Mean cross-entropy in nats."""
    accuracy: float
    any_topic_accuracy: float | None
    """Accuracy if any topic assigned to the text counts as right; None: only the first is known."""
    top3: float
    """Share of texts whose label is among the three most probable topics."""
    macro_f1: float
    """Mean F1 of the topics that occur or were predicted, each with the same weight."""
    topics: tuple[TopicSkill, ...]
    confusion: NDArray[np.int64]
    """int64 [topics, topics]: row is the label, column the prediction."""
    ece: float
    """Expected calibration error: mean difference of confidence and accuracy, in BINS bins of equal width."""
    ece_by_chance: float
    """What `ece` would be on average if the probabilities were exactly right."""
    bins: tuple[Bin, ...]
    """The bins of `ece`, for a reliability diagram; empty bins are left out."""
    set_coverage: float | None
    """Share of texts whose label is in the prediction set; None: the bundle has no prediction sets."""
    set_size: float | None
    """Mean number of topics in the prediction set; None: as above."""

    def figures(self, counted: str = "wires") -> dict[str, Any]:
        """Figure -> number, without those that are None, as in the manifest; `counted` names the number of texts."""
        figures = {
            counted: self.texts,
            "accuracy": self.accuracy,
            "loss": self.loss,
            "macro_f1": self.macro_f1,
            "top3": self.top3,
            "ece": self.ece,
            "ece_by_chance": self.ece_by_chance,
            "any_topic_accuracy": self.any_topic_accuracy,
            "set_coverage": self.set_coverage,
            "set_size": self.set_size,
        }
        return {name: value for name, value in figures.items() if value is not None}


def measure(
    probabilities: Floats,
    labels: NDArray[np.int64],
    assigned: Sequence[Sequence[int]] | None = None,
    threshold: float | None = None,
) -> Evaluation:
    """Compare probabilities with labels.

    Args:
        probabilities: float32 [n, topics], each row summing to 1.
        labels: int64 [n], the first topic of each text.
        assigned: all labels of each text, if known.
        threshold: minimum probability of a topic in the prediction set, if there are sets.
    """
    count, topics = probabilities.shape
    predicted = probabilities.argmax(axis=1)
    # Stable, like the classifier: equal probabilities are ordered by label.
    top3 = np.argsort(-probabilities, axis=1, kind="stable")[:, :3]
    own = probabilities[np.arange(count), labels].astype(np.float64)
    skills = topic_skills(labels, predicted, topics)
    bins = reliability(probabilities.max(axis=1), predicted == labels)
    sets = None if threshold is None else _topic_sets(probabilities, threshold)
    return Evaluation(
        texts=count,
        loss=float(-np.log(np.maximum(own, np.finfo(np.float32).tiny)).mean()) + 0.0,  # -0.0 becomes 0.0
        accuracy=float((predicted == labels).mean()),
        any_topic_accuracy=None if assigned is None else _any_topic(predicted, assigned),
        top3=float((top3 == labels[:, None]).any(axis=1).mean()),
        macro_f1=macro_f1(skills),
        topics=skills,
        confusion=confusion_matrix(labels, predicted, labels=np.arange(topics)),
        ece=calibration_error(bins),
        ece_by_chance=calibration_error_by_chance(bins),
        bins=bins,
        set_coverage=None if sets is None else float(sets[np.arange(count), labels].mean()),
        set_size=None if sets is None else float(sets.sum(axis=1).mean()),
    )


def reliability(confidence: Floats, right: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """Reliability diagram: texts in BINS bins of equal width by confidence, without empty bins (Naeini et al. 2015).

    Args:
        confidence: float32 [n], probability of the most probable topic.
        right: bool [n], whether that topic is right.
    """
    numbers = np.minimum((confidence * BINS).astype(int), BINS - 1)
    masks = [numbers == number for number in range(BINS)]
    return tuple(
        Bin(int(mask.sum()), float(confidence[mask].mean()), float(right[mask].mean())) for mask in masks if mask.any()
    )


def calibration_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error: mean difference of confidence and accuracy, weighted by texts; 0 without bins."""
    texts = sum(group.texts for group in bins)
    return sum(abs(group.accuracy - group.confidence) * group.texts for group in bins) / texts if texts else 0.0


def calibration_error_by_chance(bins: Sequence[Bin]) -> float:
    """Mean calibration error of texts with these confidences if each is right with exactly this probability.

    In each bin, this is the mean absolute deviation of a binomial distribution (de Moivre's formula).
    """
    texts = deviation = 0.0
    for group in bins:
        share = min(group.confidence, 1)
        above = math.floor(group.texts * share) + 1
        deviation += 2 * above * (1 - share) * float(binom.pmf(above, group.texts, share))
        texts += group.texts
    return deviation / texts if texts else 0.0


def _topic_sets(probabilities: Floats, threshold: float) -> NDArray[np.bool_]:
    sets: NDArray[np.bool_] = as_answered(probabilities) >= threshold
    sets[np.arange(len(sets)), probabilities.argmax(axis=1)] = True  # never empty, as in the classifier
    return sets


def _any_topic(predicted: NDArray[np.int64], assigned: Sequence[Sequence[int]]) -> float:
    return float(np.mean([guess in labels for guess, labels in zip(predicted.tolist(), assigned, strict=True)]))
