"""Evaluates the outside class: how well it separates wires about none of the topics from the others."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from app.classifier import TopicClassifier
from training.data.corpus import ArchiveWire, Wire


@dataclass(frozen=True, slots=True)
class OutsideEvaluation:
    """Figures of the outside class on titles. Rates are 0 to 1."""

    with_topic: int
    """Titles of test wires."""
    without: int
    """Titles of wires about none of the topics. Some of them should have had one."""
    auroc: float
    """Area under the ROC curve of the outside probability, which should be higher for titles without a topic."""
    lost: float
    """False positive rate: share of the titles with a topic that are marked as outside."""
    found: float
    """True positive rate: share of the titles without a topic that are marked as outside."""

    def figures(self) -> dict[str, Any]:
        """Figure -> number, as in the manifest."""
        return asdict(self)


def evaluate_outside(
    classifier: TopicClassifier, corpus: Sequence[Wire], outside: Sequence[ArchiveWire]
) -> OutsideEvaluation | None:
    """Evaluate on the titles of test wires and of wires without a topic; None without an outside class or such wires.

    Args:
        classifier: the bundle.
        corpus: wires with a topic, of which those of the test part are used.
        outside: wires about none of the topics that took no part in training.
    """
    part = classifier.bundle.manifest.outside
    groups = (
        [wire.title for wire in corpus if wire.split == "test" and wire.title],
        [wire.title for wire in outside if wire.title],
    )
    if part is None or not all(groups):
        return None
    with_topic, without = (
        np.array([1.0 if answer.outside is None else answer.outside for answer in classifier.classify(titles, 1)])
        for titles in groups
    )
    targets = np.repeat([0, 1], [len(with_topic), len(without)])
    return OutsideEvaluation(
        with_topic=len(with_topic),
        without=len(without),
        auroc=float(roc_auc_score(targets, np.concatenate([with_topic, without]))),
        lost=float((with_topic > part.threshold).mean()),
        found=float((without > part.threshold).mean()),
    )


def outside_report(outside: OutsideEvaluation) -> str:
    """Figures of the outside class."""
    return (
        f"Outside class, on {outside.with_topic:,} test titles and {outside.without:,} titles of later wires without a"
        f" topic:\nAUROC {outside.auroc:.4f}; false positive rate (marked although with a topic) {outside.lost:.4f};"
        f" true positive rate {outside.found:.4f}"
    )
