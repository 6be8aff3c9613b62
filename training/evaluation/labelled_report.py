"""What `evaluate --test` prints: figures, the table of labels, and the labels that are confused most with examples."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from app.classifier import TopicClassifier
from app.control_characters import one_line
from training.evaluation.chance import ALL_RIGHT, COVERAGE, calibration_sentence, interval_sentence, outside_sentence
from training.evaluation.known_rows import known_rows
from training.evaluation.labelled_rows import Confusion, Measured
from training.evaluation.measure import Evaluation
from training.evaluation.multi_label import MultiLabelEvaluation
from training.evaluation.predictions import count_unanswered
from training.evaluation.report import topic_table
from training.labelled.bad_rows import counted
from training.labelled.reporting.terminal import cut
from training.labelled.rows import LabelledRow, Table
from training.wording import count, listed

SEVERAL: Final = {
    "micro_f1": "micro-F1",
    "macro_f1": "macro-F1",
    "exact_match": "all labels right",
    "ece": "calibration error",
    "labels": "labels per row",
    "given": "labels predicted",
}
"""Figure -> its name, of a bundle for several labels a text."""
_EXAMPLE_COLUMNS: Final = 100
"""Columns of an example."""


def labelled_report(measured: Measured, codes: Sequence[str]) -> str:
    """Figures of a bundle on labelled rows."""
    evaluation = measured.evaluation
    if isinstance(evaluation, MultiLabelEvaluation):
        named = [(name, getattr(evaluation, figure)) for figure, name in SEVERAL.items()]
        lines = [f"On {count(evaluation.texts, 'row')}:", "", *(f"{name:<28}{value:>8.4f}" for name, value in named)]
        lines += ["", *chance_lines(evaluation)]
        lines += ["", *_label_table(evaluation, codes), *confusion_lines(measured.confusions)]
        return "\n".join(lines)
    named = [
        ("accuracy", evaluation.accuracy),
        ("accuracy, any label", evaluation.any_topic_accuracy),
        ("label among the top 3", evaluation.top3 if len(codes) > 3 else None),
        ("macro-F1", evaluation.macro_f1),
        ("calibration error", evaluation.ece),
        ("loss (nats)", evaluation.loss),
        ("prediction set: coverage", evaluation.set_coverage),
        ("prediction set: size", evaluation.set_size),
    ]
    lines = [f"On {count(evaluation.texts, 'row')} with a label of the bundle:", ""]
    lines += [f"{name:<28}{value:>8.4f}" for name, value in named if value is not None]
    lines += ["", *chance_lines(evaluation)]
    if measured.outside is not None:
        lines += ["", outside_line(measured.outside), *_threshold_table(measured.outside)]
    return "\n".join([*lines, "", *_label_table(evaluation, codes), *confusion_lines(measured.confusions)])


def chance_lines(evaluation: Evaluation | MultiLabelEvaluation) -> list[str]:
    """How far the figures may differ by chance: accuracy and coverage of sets, or rows with all labels right; ECE."""
    if isinstance(evaluation, MultiLabelEvaluation):
        lines = [interval_sentence(evaluation.exact_match, evaluation.texts, ALL_RIGHT)]
    else:
        lines = [interval_sentence(evaluation.accuracy, evaluation.texts)]
        if evaluation.set_coverage is not None:
            lines.append(interval_sentence(evaluation.set_coverage, evaluation.texts, COVERAGE))
    return [*lines, calibration_sentence(evaluation.ece_by_chance)]


def _label_table(evaluation: Evaluation | MultiLabelEvaluation, codes: Sequence[str]) -> list[str]:
    """The table of the labels that a row has or that were predicted, and the number of the other labels."""
    used = [i for i, skill in enumerate(evaluation.topics) if skill.support or skill.precision is not None]
    shown = replace(evaluation, topics=tuple(evaluation.topics[i] for i in used))
    lines = topic_table(shown, [codes[i] for i in used], ("label", "rows"))
    others = count(len(codes) - len(used), "other label")
    return lines if len(used) == len(codes) else [*lines, f"{others} of the bundle: in no row and never predicted."]


def outside_line(outside: Mapping[str, Any]) -> str:
    """Figures of the outside class."""
    return (
        f"Outside class: AUROC {outside['auroc']:.3f}; it marks {outside['found']:.1%} of"
        f" {count(outside['without'], 'test row')} about none of the labels, and {outside['lost']:.1%} of"
        f" {count(outside['with_topic'], 'test row')} with a label. {outside_sentence(outside)}"
    ).rstrip()


def _threshold_table(outside: Mapping[str, Any]) -> list[str]:
    """Rates that other values of TOPICS_OUTSIDE_THRESHOLD would have on the same rows."""
    own = outside["threshold"]
    others = [row for row in outside["thresholds"] if row["threshold"] != own]
    lines = [
        f"{row['threshold']:>9.4f}{row['lost']:>22.1%}{row['found']:>21.1%}"
        + ("  (the bundle's threshold)" if row is outside else "")
        for row in sorted([*others, outside], key=lambda row: row["threshold"])
    ]
    return [f"{'threshold':>9}{'false positive rate':>22}{'true positive rate':>21}", *lines]


def confusion_lines(confusions: Sequence[Confusion]) -> list[str]:
    """The labels that are confused most, each pair with examples; nothing if there are none."""
    lines = ["", "Confused most:"] if confusions else []
    for pair in confusions:
        label, predicted = one_line(pair.label), one_line(pair.predicted)
        what = f"{label} predicted as {predicted}" if label and predicted else ""
        what = what or (f"{label} not predicted" if label else f"{predicted} predicted wrongly")
        lines.append(f"  {what}: {pair.texts:,}")
        lines += [f"    {cut(' '.join(text.split()), _EXAMPLE_COLUMNS)}" for text in pair.examples]
    return lines


def left_out_notes(table: Table, classifiers: Sequence[TopicClassifier]) -> list[str]:
    """Sentences about rows that are left out or measured in another way.

    These are bad rows, labels that no bundle has, rows about none of the labels, and rows without a known word.
    """
    codes = {topic.code for classifier in classifiers for topic in classifier.topics}
    measured, unknown = known_rows(table.rows, sorted(codes))
    which = "the bundle does" if len(classifiers) == 1 else "the bundles do"
    notes = []
    if table.bad:
        first = table.first_bad[0]
        notes.append(
            f"{count(table.bad, 'bad row')} left out ({one_line(counted(table.bad_reasons))}); the first:"
            f" {one_line(first.line)} {one_line(first.why)}."
        )
    if unknown:
        rows = count(len(table.rows) - len(measured), "row")
        notes.append(
            f"{rows} left out, with labels that {which} not have: {listed(list(unknown))}."
            " `python -m app topics --model BUNDLE` lists those that it has. If such rows are about none of them, name"
            " their label with --outside."
        )
    if others := [row.labels for row in measured if not codes.issuperset(row.labels)]:
        names = sorted({label for labels in others for label in labels} - codes)
        notes.append(f"{count(len(others), 'row')} measured without the labels that {which} not have: {listed(names)}.")
    without = sum(not row.labels for row in table.rows)
    with_outside = any(used.multi_label or used.bundle.manifest.outside for used in classifiers)
    if without and not with_outside:
        has = "the bundle has no" if len(classifiers) == 1 else "neither bundle has an"
        notes.append(f"{count(without, 'row')} about none of the labels left out, because {has} outside class.")
    if len(classifiers) > 1:
        notes += [note for used in classifiers if (note := _missing_labels(measured, used))]
        if len({used.bundle.digest for used in classifiers}) == 1:
            notes.append("Both bundles are the same (their digests are equal); name another one with --against.")
    texts = [row.text for row in measured if row.labels or with_outside]
    notes += [
        f"{count(unanswered, 'row')} without a word that {used.bundle.manifest.full_name} knows: the service answers"
        " no_known_words, but the figures use the answer to an empty text."
        for used in classifiers
        if (unanswered := count_unanswered(used, texts))
    ]
    return notes


def _missing_labels(rows: Sequence[LabelledRow], classifier: TopicClassifier) -> str | None:
    """A sentence about the rows that a bundle cannot answer right, because it has none of their labels; or None."""
    codes = {topic.code for topic in classifier.topics}
    wrong = [row.labels for row in rows if row.labels and codes.isdisjoint(row.labels)]
    if not wrong:
        return None
    names = sorted({label for labels in wrong for label in labels})
    return (
        f"{count(len(wrong), 'row')} under labels that {classifier.bundle.manifest.full_name} does not have"
        f" ({listed(names)}): its answers to them count as wrong."
    )
