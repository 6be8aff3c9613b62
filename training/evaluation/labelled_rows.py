"""Measures a bundle on labelled rows as it is served: figures, the outside class, and the labels it confuses."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from app.classifier import TopicClassifier
from training.errors import LabelsError
from training.evaluation.evaluate import Evaluation, measure
from training.labelled.columns import listed
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
    """Those with the highest confidence."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of a bundle on test rows."""

    evaluation: Evaluation
    """Of the rows with a label. A text without a known word counts as answered by the model's prior."""
    outside: dict[str, Any] | None
    """AUROC of the outside class and shares above its threshold; None without such a class or such rows."""
    confusions: tuple[Confusion, ...]
    """The PAIRS most frequent ones."""
    unknown: Mapping[str, int]
    """Labels that the bundle does not have, most frequent first -> rows that have no other label; not measured."""

    def figures(self, codes: Sequence[str]) -> dict[str, Any]:
        """Everything as values for JSON; `codes` are the labels of the bundle."""
        test = asdict(self.evaluation) | {"confusion": self.evaluation.confusion.tolist()}
        confusions = [asdict(one) for one in self.confusions]
        more = {"outside": self.outside, "confusions": confusions, "unknown_labels": dict(self.unknown)}
        return {"topics": list(codes), "test": test} | more


def evaluate_rows(classifier: TopicClassifier, rows: Sequence[LabelledRow]) -> Measured:
    """Classify rows and compare with their labels.

    A row with several labels counts as its first; `any_topic_accuracy` counts all.

    Raises:
        LabelsError: no row has a label of the bundle.
    """
    codes = [topic.code for topic in classifier.topics]
    rows, unknown = known_rows(rows, codes)
    probabilities, scores = answer_rows(classifier, rows)
    assigned = label_numbers(rows, codes)
    labels = np.array([some[0] if some else -1 for some in assigned])
    inside = np.flatnonzero(labels >= 0)
    topic_set = classifier.bundle.manifest.topic_set
    several = [assigned[i] for i in inside.tolist()] if any(len(some) > 1 for some in assigned) else None
    evaluation = measure(probabilities[inside], labels[inside], several, topic_set.threshold if topic_set else None)
    confusions = _confusions([rows[i] for i in inside.tolist()], probabilities[inside], labels[inside], codes)
    return Measured(evaluation, _outside(classifier, scores, labels), confusions, unknown)


def known_rows(rows: Sequence[LabelledRow], codes: Sequence[str]) -> tuple[list[LabelledRow], dict[str, int]]:
    """The rows with one of these labels, or with none; and the other labels, most frequent first, with their rows.

    Raises:
        LabelsError: no row has one of these labels.
    """
    known, unknown = set(codes), Counter[str]()
    kept = []
    for row in rows:
        if row.labels and known.isdisjoint(row.labels):
            unknown.update(row.labels)
        else:
            kept.append(row)
    if not any(row.labels for row in kept):
        raise LabelsError(
            f"{rows[0].file}: no row has a label of the bundle, which are {listed(codes)}; check the column with the"
            " labels."
        )
    return kept, dict(unknown.most_common())


def label_numbers(rows: Sequence[LabelledRow], codes: Sequence[str]) -> list[list[int]]:
    """The places of each row's labels in `codes`, without those that are not there."""
    numbers = {code: number for number, code in enumerate(codes)}
    return [[numbers[label] for label in row.labels if label in numbers] for row in rows]


def answer_rows(
    classifier: TopicClassifier, rows: Sequence[LabelledRow]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Probabilities, float32 [n, topics], and outside probabilities, float64 [n], 0 without that class."""
    texts = [row.text for row in rows]
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
