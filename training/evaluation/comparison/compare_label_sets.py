"""Compares two bundles of which one or both are multi-label."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.classifier import TopicClassifier
from app.classifier.inference.products import Floats
from training.evaluation.comparison.result import Change, Comparison, comparison_of
from training.evaluation.known_rows import label_numbers
from training.evaluation.multi_label import indicator_matrix, measure_labels
from training.evaluation.predictions import given_labels, ordered_by, predict
from training.labelled.rows import LabelledRow


def compare_label_sets(
    before: TopicClassifier, after: TopicClassifier, rows: Sequence[LabelledRow], codes: Sequence[str]
) -> Comparison:
    """Compare on rows with labels among `codes`, or without a label; an answer is right if all of its labels are.

    The answer of a bundle that is not multi-label is its most probable label.
    """
    members = indicator_matrix(label_numbers(rows, codes), len(codes))
    old, new = (_LabelSets.of(classifier, rows, codes) for classifier in (before, after))
    measured = [measure_labels(answers.probabilities, answers.given, members) for answers in (old, new)]

    def shown(labels: NDArray[np.bool_]) -> str:
        return "; ".join(codes[label] for label in np.flatnonzero(labels).tolist()) or "(none)"

    changes = [
        Change(
            rows[i].text,
            shown(members[i]),
            shown(old.given[i]),
            old.confidence(i),
            shown(new.given[i]),
            new.confidence(i),
        )
        for i in (old.given != new.given).any(axis=1).nonzero()[0].tolist()
    ]
    return comparison_of(
        (old.given == members).all(axis=1),
        (new.given == members).all(axis=1),
        changes,
        (measured[0].macro_f1, measured[1].macro_f1),
        (measured[0].ece, measured[1].ece),
    )


class _LabelSets(NamedTuple):
    """Answers of one bundle that may have several labels, one for each of n texts."""

    probabilities: Floats
    """Of the labels, float32 [n, topics]."""
    given: NDArray[np.bool_]
    """Whether the bundle gives each label, bool [n, topics]."""

    @classmethod
    def of(cls, classifier: TopicClassifier, rows: Sequence[LabelledRow], codes: Sequence[str]) -> "_LabelSets":
        """Answers by number in `codes`."""
        probabilities, _ = predict(classifier, [row.text for row in rows])
        given = given_labels(classifier, probabilities)
        return cls(ordered_by(probabilities, classifier, codes), ordered_by(given, classifier, codes))

    def confidence(self, row: int) -> float:
        """Probability of the most probable label of a row or, if the bundle gives it none, that this label is wrong."""
        highest = float(self.probabilities[row].max())
        return highest if self.given[row].any() else 1 - highest
