"""Compares two bundles on the same texts."""

from collections.abc import Collection, Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from app.classifier import TopicClassifier
from app.classifier.inference.products import Floats
from training.data.corpus import Wire
from training.data.dataset import Labels
from training.evaluation.comparison.compare_label_sets import compare_label_sets
from training.evaluation.comparison.result import OUTSIDE, Change, Comparison, comparison_of
from training.evaluation.known_rows import known_rows, label_numbers
from training.evaluation.measure import measure
from training.evaluation.predictions import ordered_by, predict
from training.labelled.rows import LabelledRow


def compare_on_titles(before: TopicClassifier, after: TopicClassifier, corpus: Sequence[Wire]) -> Comparison:
    """Compare two bundles on the titles of the test wires: their topics, or the first if neither is multi-label."""
    wires = [wire for wire in corpus if wire.split == "test"]
    rows = [LabelledRow(wire.title, wire.topics, "", wire.number) for wire in wires if wire.title]
    return compare_on_rows(before, after, rows)


def compare_on_rows(
    before: TopicClassifier,
    after: TopicClassifier,
    rows: Sequence[LabelledRow],
    outside_labels: Collection[str] = (),
) -> Comparison:
    """Compare two bundles on the rows with a label of one of them; a label that a bundle lacks has probability 0.

    If one of them has an outside class, rows without a label are compared as well: `outside` then is an answer like
    the labels, right for these rows and wrong for the others. So is one of `outside_labels`, which rows without a label
    had in their file: a bundle may have learned it like any other label.

    Raises:
        LabelsError: no row has a label of one of the bundles.
    """
    for classifier in (after, before):
        known_rows(rows, [topic.code for topic in classifier.topics], classifier.bundle.manifest.full_name)
    codes = list(dict.fromkeys(topic.code for classifier in (after, before) for topic in classifier.topics))
    known, _ = known_rows(rows, codes)
    if before.multi_label or after.multi_label:
        return compare_label_sets(before, after, known, codes)
    has_outside = any(classifier.bundle.manifest.outside is not None for classifier in (before, after))
    chosen = [row for row in known if row.labels or has_outside]
    labels = np.array([numbers[0] if numbers else len(codes) for numbers in label_numbers(chosen, codes)], np.int64)
    with_outside = bool((labels == len(codes)).any())
    same = [number for number, code in enumerate(codes) if with_outside and code in outside_labels]
    old, new = (_answers(classifier, chosen, codes, with_outside, same) for classifier in (before, after))
    return compare_answers([row.text for row in chosen], labels, old, new, codes)


class Answers(NamedTuple):
    """Answers of one bundle, one for each of n texts."""

    probabilities: Floats
    """Of the labels, float32 [n, topics]."""
    given: NDArray[np.int64]
    """The number of the answer, int64 [n]; that of `outside` is the number of topics."""
    confidence: Floats
    """The probability of the answer, float [n]."""

    @classmethod
    def of(cls, probabilities: Floats) -> Self:
        """Those with the highest of these probabilities, float32 [n, topics]."""
        return cls(probabilities, probabilities.argmax(axis=1), probabilities.max(axis=1))


def _answers(
    classifier: TopicClassifier,
    rows: Sequence[LabelledRow],
    codes: Sequence[str],
    with_outside: bool,
    same: Sequence[int],
) -> Answers:
    """Answers of one bundle as indices in `codes`; len(codes) stands for `outside`.

    Args:
        classifier: the bundle's.
        rows: the rows to classify.
        codes: labels of both bundles.
        with_outside: whether texts above the threshold of the outside class get `outside`.
        same: indices of labels that count as `outside`.
    """
    probabilities, scores = predict(classifier, [row.text for row in rows])
    probabilities, given, confidence = Answers.of(ordered_by(probabilities, classifier, codes))
    given = np.where(np.isin(given, same), len(codes), given)
    outside = classifier.bundle.manifest.outside
    if outside is not None and with_outside:
        marked = scores > outside.threshold
        given, confidence = np.where(marked, len(codes), given), np.where(marked, scores, confidence)
    return Answers(probabilities, given, confidence)


def compare_answers(
    texts: Sequence[str], labels: Labels, old: Answers, new: Answers, codes: Sequence[str]
) -> Comparison:
    """Compare answers with the labels, int64 [n], of which the number of topics stands for `outside`.

    The p-value is that of McNemar's exact test: of the texts that exactly one bundle classifies correctly, each bundle
    would get half by chance (binomial distribution; McNemar 1947).
    """
    names = [*codes, OUTSIDE]
    changes = [
        Change(
            texts[i],
            names[labels[i]],
            names[old.given[i]],
            float(old.confidence[i]),
            names[new.given[i]],
            float(new.confidence[i]),
        )
        for i in (old.given != new.given).nonzero()[0]
    ]
    inside = labels < len(codes)
    measured = [measure(answers.probabilities[inside], labels[inside]) for answers in (old, new)]
    return comparison_of(
        old.given == labels,
        new.given == labels,
        changes,
        (measured[0].macro_f1, measured[1].macro_f1),
        (measured[0].ece, measured[1].ece),
        outside=int((~inside).sum()),
    )
