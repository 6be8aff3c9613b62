"""Precision, recall and F1 of each topic, and their mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_fscore_support


@dataclass(frozen=True, slots=True)
class TopicSkill:
    """Precision, recall and F1 of one topic."""

    support: int
    """Number of texts that have this label."""
    precision: float | None
    """None: it was never predicted."""
    recall: float | None
    """None: no text has this label."""
    f1: float | None
    """None: no text has it, and it was never predicted."""


def topic_skills(labels: NDArray[Any], predicted: NDArray[Any], topics: int) -> tuple[TopicSkill, ...]:
    """Precision, recall and F1 of each topic.

    Args:
        labels: int64 [n]; bool [n, topics] if a text may have several.
        predicted: of the same shape.
        topics: their number.
    """
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=np.arange(topics), zero_division=0.0
    )
    guesses = predicted.sum(axis=0) if predicted.ndim == 2 else np.bincount(predicted, minlength=topics)
    return tuple(
        TopicSkill(
            support=int(support[i]),
            precision=float(precision[i]) if guesses[i] else None,
            recall=float(recall[i]) if support[i] else None,
            f1=float(f1[i]) if guesses[i] or support[i] else None,
        )
        for i in range(topics)
    )


def macro_f1(skills: Sequence[TopicSkill]) -> float:
    """Mean F1 of the topics that occur or were predicted; 1 if there are none."""
    known = [skill.f1 for skill in skills if skill.f1 is not None]
    return float(np.mean(known)) if known else 1.0
