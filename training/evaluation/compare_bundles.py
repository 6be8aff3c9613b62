"""Compares two bundles on the same texts: which answers differ, and whether the difference is significant."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from app.classifier import TopicClassifier
from app.classifier.inference.products import Floats
from training.data.corpus import Wire
from training.data.dataset import Labels
from training.errors import RecipeError
from training.evaluation.answered_rows import answer_rows, given_labels, known_rows, label_numbers, membership
from training.evaluation.evaluate import answer, measure
from training.evaluation.multi_label import measure_labels
from training.labelled.rows import LabelledRow


@dataclass(frozen=True, slots=True)
class Change:
    """A text for which the two bundles predict different topics; several labels are separated by `; `."""

    text: str
    topic: str
    before: str
    before_probability: float
    after: str
    after_probability: float

    @property
    def direction(self) -> str:
        """`better`, `worse` or `still wrong`, from the point of view of the newer bundle (`after`)."""
        return "better" if self.after == self.topic else "worse" if self.before == self.topic else "still wrong"


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two bundles, before and after, answer the same texts."""

    texts: int
    both_right: int
    better: int
    """Texts that only `after` classifies correctly."""
    worse: int
    """Texts that only `before` classifies correctly."""
    both_wrong: int
    macro_f1: tuple[float, float]
    """Of before and after, as the calibration error."""
    calibration_error: tuple[float, float]
    p_value: float
    """McNemar's exact test, two-sided: probability of a split this uneven if neither bundle is better."""
    changes: tuple[Change, ...]
    """Texts whose most probable topic differs: better first, then worse, then still wrong."""

    def figures(self) -> dict[str, Any]:
        """The comparison as JSON-serializable dict."""
        changes = [asdict(change) | {"direction": change.direction} for change in self.changes]
        return asdict(self) | {"changes": changes}


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
    old, new = before.argmax(axis=1), after.argmax(axis=1)
    one, other = measure(before, labels), measure(after, labels)
    changes = [
        Change(
            texts[i], codes[labels[i]], codes[old[i]], float(before[i, old[i]]), codes[new[i]], float(after[i, new[i]])
        )
        for i in (old != new).nonzero()[0]
    ]
    return _comparison(old == labels, new == labels, changes, (one.macro_f1, other.macro_f1), (one.ece, other.ece))


def compare_on_rows(before: TopicClassifier, after: TopicClassifier, rows: Sequence[LabelledRow]) -> Comparison:
    """Compare two bundles on the rows with a label of one of them; a label that a bundle lacks has probability 0.

    Raises:
        LabelsError: no row has a label of the bundles.
    """
    codes = list(dict.fromkeys(topic.code for one in (after, before) for topic in one.topics))
    if before.multi_label or after.multi_label:
        return _compare_several(before, after, known_rows(rows, codes)[0], codes)
    chosen = [row for row in known_rows(rows, codes)[0] if row.labels]
    labels = np.array([some[0] for some in label_numbers(chosen, codes)], np.int64)

    old, new = (_spread(answer_rows(one, chosen)[0], one, codes) for one in (before, after))
    return compare_answers([row.text for row in chosen], labels, old, new, codes)


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
    return _comparison(right[0], right[1], changes, macro, error)


def _spread(values: NDArray[Any], one: TopicClassifier, codes: Sequence[str]) -> NDArray[Any]:
    """Values by label of a bundle, [n, topics], by `codes`: 0 or false for a label that it lacks."""
    spread = np.zeros((len(values), len(codes)), values.dtype)
    spread[:, [codes.index(topic.code) for topic in one.topics]] = values
    return spread


def _comparison(
    old: NDArray[np.bool_],
    new: NDArray[np.bool_],
    changes: Sequence[Change],
    macro_f1: tuple[float, float],
    calibration_error: tuple[float, float],
) -> Comparison:
    """The comparison of answers of which `old` and `new`, bool [n], are right."""
    better, worse, both = int((new & ~old).sum()), int((old & ~new).sum()), int((old & new).sum())
    order = ("better", "worse", "still wrong")
    return Comparison(
        texts=len(old),
        both_right=both,
        better=better,
        worse=worse,
        both_wrong=len(old) - both - better - worse,
        macro_f1=macro_f1,
        calibration_error=calibration_error,
        p_value=float(binomtest(better, better + worse).pvalue) if better + worse else 1.0,
        changes=tuple(sorted(changes, key=lambda change: order.index(change.direction))),
    )
