"""Figures of a multi-label model: F1 over all labels and of each label, and calibration."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.classifier.inference.products import Floats
from training.evaluation.measure import BINS, calibration_error, calibration_error_by_chance, reliability
from training.evaluation.topic_skill import TopicSkill, macro_f1, topic_skills


@dataclass(frozen=True, slots=True)
class MultiLabelEvaluation:
    """Figures of one set of texts. Rates are 0 to 1."""

    texts: int
    micro_f1: float
    """F1 of all labels of all texts together."""
    macro_f1: float
    """Mean F1 of the labels that occur or were given, each with the same weight."""
    exact_match: float
    """Share of texts that are given all their labels and no other."""
    ece: float
    """Calibration error: mean difference of probability and share of texts with the label, over all pairs of a text and
    a label whose probability is at least 1 / BINS, in bins of equal width."""
    ece_by_chance: float
    """What `ece` would be on average if the probabilities were exactly right."""
    labels: float
    """Mean number of labels of a text."""
    given: float
    """Mean number of labels that the model gives to a text."""
    topics: tuple[TopicSkill, ...]

    def figures(self, counted: str = "texts") -> dict[str, Any]:
        """Figure -> number, as in the manifest; `counted` names the number of texts."""
        figures = {name: value for name, value in asdict(self).items() if name not in ("texts", "topics")}
        return {counted: self.texts} | figures


def measure_labels(probabilities: Floats, given: NDArray[np.bool_], members: NDArray[np.bool_]) -> MultiLabelEvaluation:
    """Compare the labels that a model gives to texts with the texts' own.

    Args:
        probabilities: float32 [n, topics].
        given: bool [n, topics], the labels that the model gives.
        members: bool [n, topics], those that the texts have.
    """
    skills = topic_skills(members, given, members.shape[1])
    likely = probabilities >= 1 / BINS
    bins = reliability(probabilities[likely], members[likely])
    return MultiLabelEvaluation(
        texts=len(members),
        micro_f1=micro_f1(given, members),
        macro_f1=macro_f1(skills),
        exact_match=float((given == members).all(axis=1).mean()),
        ece=calibration_error(bins),
        ece_by_chance=calibration_error_by_chance(bins),
        labels=float(members.sum(axis=1).mean()),
        given=float(given.sum(axis=1).mean()),
        topics=skills,
    )


def indicator_matrix(assigned: Sequence[Sequence[int]], topics: int) -> NDArray[np.bool_]:
    """Whether each text has each label, bool [n, topics], from the numbers of its labels."""
    members = np.zeros((len(assigned), topics), np.bool_)
    for row, labels in zip(members, assigned, strict=True):
        row[list(labels)] = True
    return members


def micro_f1(given: NDArray[np.bool_], members: NDArray[np.bool_]) -> float:
    """F1 of all labels of all texts together; 1 if no text has or is given any."""
    right, total = int((given & members).sum()), int(given.sum()) + int(members.sum())
    return 2 * right / total if total else 1.0
