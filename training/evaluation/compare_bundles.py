"""Compares two bundles on the same texts."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.classifier import TopicClassifier
from app.classifier.inference.products import Floats
from training.data.corpus import Wire
from training.data.dataset import Labels
from training.errors import RecipeError
from training.evaluation.answered_rows import answer_rows, given_labels, known_rows, label_numbers, membership
from training.evaluation.comparison import OUTSIDE, Change, Comparison, comparison_of
from training.evaluation.measure import answer, measure
from training.evaluation.multi_label import measure_labels
from training.labelled.rows import LabelledRow


def compare_bundles(before: TopicClassifier, after: TopicClassifier, corpus: Sequence[Wire]) -> Comparison:
    """Compare two bundles on the titles of the test wires.

    Raises:
        RecipeError: the bundles have different topics.
    """
    codes = [topic.code for topic in after.topics]
    if codes != [topic.code for topic in before.topics]:
        raise RecipeError("The two bundles have different topics, so their answers cannot be compared; choose another.")
    wires = [wire for wire in corpus if wire.split == "test" and wire.title]
    titles = [wire.title or "" for wire in wires]
    labels = np.array([wire.label for wire in wires], np.int64)
    return compare_answers(titles, labels, answer(before, titles), answer(after, titles), codes)


def compare_answers(
    texts: Sequence[str], labels: Labels, before: Floats, after: Floats, codes: Sequence[str]
) -> Comparison:
    """Compare the probabilities of two bundles, float32 [n, topics] each, with the labels, int64 [n].

    The p-value is that of McNemar's exact test: of the texts that exactly one bundle classifies correctly, each bundle
    would get half by chance (binomial distribution; McNemar 1947).
    """
    old, new = (_Answers(one, one.argmax(axis=1), one.max(axis=1)) for one in (before, after))
    return _compare(texts, labels, old, new, codes)


def compare_on_rows(before: TopicClassifier, after: TopicClassifier, rows: Sequence[LabelledRow]) -> Comparison:
    """Compare two bundles on the rows with a label of one of them; a label that a bundle lacks has probability 0.

    If one of them has an outside class, rows without a label are compared as well: `outside` then is an answer like
    the labels, right for these rows and wrong for the others.

    Raises:
        LabelsError: no row has a label of the bundles.
    """
    codes = list(dict.fromkeys(topic.code for one in (after, before) for topic in one.topics))
    if before.multi_label or after.multi_label:
        return _compare_several(before, after, known_rows(rows, codes)[0], codes)
    has_outside = any(one.bundle.manifest.outside is not None for one in (before, after))
    chosen = [row for row in known_rows(rows, codes)[0] if row.labels or has_outside]
    labels = np.array([some[0] if some else len(codes) for some in label_numbers(chosen, codes)], np.int64)
    some_outside = bool((labels == len(codes)).any())
    old, new = (_answers(one, chosen, codes, some_outside) for one in (before, after))
    return _compare([row.text for row in chosen], labels, old, new, codes)


class _Answers(NamedTuple):
    """Answers of one bundle, one for each of n texts."""

    probabilities: Floats
    """Of the labels, [n, topics]."""
    given: NDArray[np.int64]
    """The number of the answer, [n]; that of `outside` is the number of topics."""
    confidence: Floats
    """The probability of the answer, [n]."""


def _answers(one: TopicClassifier, rows: Sequence[LabelledRow], codes: Sequence[str], some_outside: bool) -> _Answers:
    """Answers by number in `codes`; `some_outside`: whether `outside` is one of them."""
    probabilities, scores = answer_rows(one, rows)
    probabilities = _spread(probabilities, one, codes)
    given, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    part = one.bundle.manifest.outside
    if part is not None and some_outside:
        marked = scores > part.threshold
        given, confidence = np.where(marked, len(codes), given), np.where(marked, scores, confidence)
    return _Answers(probabilities, given, confidence)


def _compare(texts: Sequence[str], labels: Labels, old: _Answers, new: _Answers, codes: Sequence[str]) -> Comparison:
    """Compare answers with the labels, int64 [n], of which the number of topics stands for `outside`."""
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
    one, other = (measure(some.probabilities[inside], labels[inside]) for some in (old, new))
    macro, error = (one.macro_f1, other.macro_f1), (one.ece, other.ece)
    outside = int((~inside).sum())
    return comparison_of(old.given == labels, new.given == labels, changes, macro, error, outside=outside)


def _compare_several(
    before: TopicClassifier, after: TopicClassifier, rows: Sequence[LabelledRow], codes: Sequence[str]
) -> Comparison:
    """Compare two bundles of which one or both give several labels; an answer is right if all of its labels are.

    The answer of a bundle for one label is its most probable one.
    """
    members = membership(label_numbers(rows, codes), len(codes))
    found = [answer_rows(one, rows)[0] for one in (before, after)]
    given = [_spread(given_labels(one, p), one, codes) for one, p in zip((before, after), found, strict=True)]
    old, new = (_spread(p, one, codes) for one, p in zip((before, after), found, strict=True))
    measured = [measure_labels(p, some, members) for p, some in zip((old, new), given, strict=True)]
    changed = (given[0] != given[1]).any(axis=1).nonzero()[0].tolist()

    def shown(labels: NDArray[np.bool_]) -> str:
        return "; ".join(codes[label] for label in np.flatnonzero(labels).tolist()) or "(none)"

    changes = [
        Change(
            rows[i].text,
            shown(members[i]),
            shown(given[0][i]),
            float(old[i].max()),
            shown(given[1][i]),
            float(new[i].max()),
        )
        for i in changed
    ]
    right = [(some == members).all(axis=1) for some in given]
    macro, error = ((getattr(measured[0], name), getattr(measured[1], name)) for name in ("macro_f1", "ece"))
    return comparison_of(right[0], right[1], changes, macro, error)


def _spread(values: NDArray[Any], one: TopicClassifier, codes: Sequence[str]) -> NDArray[Any]:
    """Values by label of a bundle, [n, topics], by `codes`: 0 or false for a label that it lacks."""
    spread = np.zeros((len(values), len(codes)), values.dtype)
    spread[:, [codes.index(topic.code) for topic in one.topics]] = values
    return spread
