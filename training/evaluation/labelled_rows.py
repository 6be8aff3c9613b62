"""Measures a bundle on labelled rows as it is served: figures, the outside class, and the labels it confuses."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.classifier import TopicClassifier
from training.evaluation.known_rows import known_rows, label_numbers
from training.evaluation.measure import Evaluation, measure
from training.evaluation.multi_label import MultiLabelEvaluation, indicator_matrix, measure_labels
from training.evaluation.outside import outside_figures, outside_rates
from training.evaluation.predictions import given_labels, predict
from training.labelled.rows import LabelledRow

MAX_CONFUSIONS: Final = 5
MAX_EXAMPLES: Final = 3
"""Maximum number of examples of a confusion."""
THRESHOLDS: Final = (0.5, 0.6, 0.7, 0.8, 0.9)
"""Thresholds of the outside class for which the rates are given, besides the bundle's own."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """Texts of one label for which the model prefers another."""

    label: str
    """Empty: the model gives `predicted` to texts without it, if they may have several labels."""
    predicted: str
    """Empty: the model does not give `label` to texts with it."""
    texts: int
    examples: tuple[str, ...]
    """Different texts, those with the highest confidence."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of a bundle on test rows."""

    evaluation: Evaluation | MultiLabelEvaluation
    """Of the rows with a label; of all rows, if they may have several. A text without a known word counts as answered
    by the model's prior."""
    outside: dict[str, Any] | None
    """AUROC of the outside class, and shares above the bundle's threshold (`lost`, `found`) and above others
    (`thresholds`); None without such a class or such rows."""
    confusions: tuple[Confusion, ...]
    """The MAX_CONFUSIONS most frequent ones."""
    unknown: Mapping[str, int]
    """Labels that the bundle does not have, most frequent first -> rows that have them, and none that the bundle has;
    these rows are not measured."""

    def figures(self, codes: Sequence[str]) -> dict[str, Any]:
        """Everything as values for JSON; `codes` are the labels of the bundle."""
        test = asdict(self.evaluation)
        if isinstance(self.evaluation, Evaluation):
            test["confusion"] = self.evaluation.confusion.tolist()
        confusions = [asdict(confusion) for confusion in self.confusions]
        more = {"outside": self.outside, "confusions": confusions, "unknown_labels": dict(self.unknown)}
        return {"topics": list(codes), "test": test} | more


def evaluate_rows(classifier: TopicClassifier, rows: Sequence[LabelledRow]) -> Measured:
    """Classify rows and compare with their labels.

    A row with several labels counts as its first, and `any_topic_accuracy` counts all, unless the bundle gives several.

    Raises:
        LabelsError: no row has a label of the bundle.
    """
    codes = [topic.code for topic in classifier.topics]
    rows, unknown = known_rows(rows, codes, classifier.bundle.manifest.full_name)
    probabilities, scores = predict(classifier, [row.text for row in rows])
    assigned = label_numbers(rows, codes)
    if classifier.multi_label:
        return _several(classifier, rows, probabilities, assigned, unknown)
    labels = np.array([numbers[0] if numbers else -1 for numbers in assigned])
    inside = np.flatnonzero(labels >= 0)
    topic_set = classifier.bundle.manifest.topic_set
    several = [assigned[i] for i in inside.tolist()] if any(len(numbers) > 1 for numbers in assigned) else None
    evaluation = measure(probabilities[inside], labels[inside], several, topic_set.threshold if topic_set else None)
    confusions = _confusions([rows[i] for i in inside.tolist()], probabilities[inside], labels[inside], codes)
    return Measured(evaluation, _outside(classifier, scores, labels), confusions, unknown)


def _several(
    classifier: TopicClassifier,
    rows: Sequence[LabelledRow],
    probabilities: NDArray[np.float32],
    assigned: Sequence[Sequence[int]],
    unknown: Mapping[str, int],
) -> Measured:
    members = indicator_matrix(assigned, len(classifier.topics))
    given = given_labels(classifier, probabilities)
    errors = Counter({(label, True): int(n) for label, n in enumerate((members & ~given).sum(axis=0))})
    errors.update({(label, False): int(n) for label, n in enumerate((given & ~members).sum(axis=0))})
    found = []
    for (label, missed), count in errors.most_common(MAX_CONFUSIONS):
        if count:
            wrong = np.flatnonzero((members[:, label] == missed) & (given[:, label] != missed))
            order = np.argsort(probabilities[wrong, label] * (1 if missed else -1), kind="stable")
            texts = _examples(rows[i].text for i in wrong[order].tolist())
            code = classifier.topics[label].code
            found.append(Confusion(code if missed else "", "" if missed else code, count, texts))
    return Measured(measure_labels(probabilities, given, members), None, tuple(found), unknown)


def _outside(
    classifier: TopicClassifier, scores: NDArray[np.float64], labels: NDArray[np.int64]
) -> dict[str, Any] | None:
    part, without = classifier.bundle.manifest.outside, labels < 0
    if part is None or not without.any() or without.all():
        return None
    thresholds = [{"threshold": threshold, **outside_rates(scores, without, threshold)} for threshold in THRESHOLDS]
    return outside_figures(scores, without, part.threshold) | {"threshold": part.threshold, "thresholds": thresholds}


def _confusions(
    rows: Sequence[LabelledRow], probabilities: NDArray[np.float32], labels: NDArray[np.int64], codes: Sequence[str]
) -> tuple[Confusion, ...]:
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    pairs = [(int(labels[i]), int(predicted[i])) for i in wrong]
    found = []
    places = wrong.tolist()
    for (label, other), count in Counter(pairs).most_common(MAX_CONFUSIONS):
        texts = _examples(rows[i].text for i, pair in zip(places, pairs, strict=True) if pair == (label, other))
        found.append(Confusion(codes[label], codes[other], count, texts))
    return tuple(found)


def _examples(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(islice(dict.fromkeys(texts), MAX_EXAMPLES))
