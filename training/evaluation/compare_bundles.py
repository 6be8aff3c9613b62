"""Compares two bundles on the same texts: which answers differ, and whether the difference is significant."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from scipy.stats import binomtest

from app.classifier import TopicClassifier
from app.classifier.network import Floats
from training.data.corpus import Wire
from training.data.dataset import Labels
from training.errors import RecipeError
from training.evaluation.evaluate import answer, measure
from training.evaluation.labelled_rows import answer_rows, known_rows, label_numbers
from training.labelled.reporting.terminal import one_line
from training.labelled.rows import LabelledRow

SHOWN: Final = 20
"""Changed answers that are printed; the JSON has all."""


@dataclass(frozen=True, slots=True)
class Change:
    """A text for which the two bundles predict different topics."""

    text: str
    topic: str
    before: str
    before_probability: float
    after: str
    after_probability: float

    @property
    def direction(self) -> str:
        """`better`, `worse` or `as wrong`, from the point of view of the newer bundle (`after`)."""
        return "better" if self.after == self.topic else "worse" if self.before == self.topic else "as wrong"


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
    """Texts whose most probable topic differs: better first, then worse, then as wrong."""

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
    better, worse = int(((new == labels) & (old != labels)).sum()), int(((old == labels) & (new != labels)).sum())
    one, other = measure(before, labels), measure(after, labels)
    both_right = int(((new == labels) & (old == labels)).sum())
    changes = [
        Change(
            texts[i], codes[labels[i]], codes[old[i]], float(before[i, old[i]]), codes[new[i]], float(after[i, new[i]])
        )
        for i in (old != new).nonzero()[0]
    ]
    order = ("better", "worse", "as wrong")
    return Comparison(
        texts=len(texts),
        both_right=both_right,
        better=better,
        worse=worse,
        both_wrong=len(texts) - both_right - better - worse,
        macro_f1=(one.macro_f1, other.macro_f1),
        calibration_error=(one.ece, other.ece),
        p_value=float(binomtest(better, better + worse).pvalue) if better + worse else 1.0,
        changes=tuple(sorted(changes, key=lambda change: order.index(change.direction))),
    )


def compare_on_rows(before: TopicClassifier, after: TopicClassifier, rows: Sequence[LabelledRow]) -> Comparison:
    """Compare two bundles on the rows with a label of one of them; a label that a bundle lacks has probability 0.

    Raises:
        LabelsError: no row has a label of the bundles.
    """
    codes = list(dict.fromkeys(topic.code for one in (after, before) for topic in one.topics))
    chosen = [row for row in known_rows(rows, codes)[0] if row.labels]
    labels = np.array([some[0] for some in label_numbers(chosen, codes)], np.int64)

    def answers(one: TopicClassifier) -> Floats:
        probabilities = np.zeros((len(chosen), len(codes)), np.float32)
        probabilities[:, [codes.index(topic.code) for topic in one.topics]] = answer_rows(one, chosen)[0]
        return probabilities

    return compare_answers([row.text for row in chosen], labels, answers(before), answers(after), codes)


def against_report(comparison: Comparison, before: str, after: str, texts: str = "test titles") -> str:
    """The comparison as Markdown, with the SHOWN worst changes: answers that became wrong, most confident first.

    Args:
        comparison: of two bundles.
        before: name of the older bundle.
        after: name of the newer one.
        texts: what was classified, in the plural.
    """
    c = comparison
    now, then = (f"{(c.both_right + only) / c.texts:.1%}" for only in (c.better, c.worse))
    order = ("worse", "as wrong", "better")
    worst = sorted(c.changes, key=lambda one: (order.index(one.direction), -one.after_probability))[:SHOWN]
    rest = f"; the {SHOWN} worst (all of them: --json)" if len(c.changes) > SHOWN else ""
    lines = [
        f"On {c.texts:,} {texts}, {after} against {before}:",
        "",
        f"| | {before} right | {before} wrong |",
        "| --- | ---: | ---: |",
        f"| {after} right | {c.both_right:,} | {c.better:,} |",
        f"| {after} wrong | {c.worse:,} | {c.both_wrong:,} |",
        "",
        f"{after}: {now} right; {before}: {then}. McNemar's exact test: p = {c.p_value:.2g}.",
        *(
            f"{name}: {after} {value:.3f}; {before} {earlier:.3f}."
            for name, (earlier, value) in (("Macro-F1", c.macro_f1), ("Calibration error", c.calibration_error))
        ),
        "",
    ]
    if not c.changes:
        return "\n".join([*lines, "Both give the same answer to each of them."])
    lines += [
        f"{len(c.changes):,} are answered differently{rest}:",
        "",
        f"| | text | label | {before} | {after} |",
        "| --- | --- | --- | --- | --- |",
    ]
    for one in worst:
        text = one_line(" ".join(one.text.split())).replace("|", "\\|")
        old, new = f"{one.before} {one.before_probability:.0%}", f"{one.after} {one.after_probability:.0%}"
        lines.append(f"| {one.direction} | {text} | {one.topic} | {old} | {new} |")
    return "\n".join(lines)
