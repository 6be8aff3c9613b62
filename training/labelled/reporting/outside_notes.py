"""Notes about the outside class: rows that could teach it, and too few of them."""

import shlex
from collections.abc import Iterator, Sequence
from typing import Final

from training.labelled.cells import NO_LABEL
from training.labelled.reporting.report import DataReport
from training.wording import enumerated

FEW_OUTSIDE_ROWS: Final = 30
"""With fewer training rows, the outside class does not recognize other texts about none of the labels."""
ONE_OUTSIDE: Final = (
    "Only one training row is about none of the labels (it has no label, or one that --outside names), but training"
    " needs two; add more such rows, or leave out --outside."
)
NAMES: Final = frozenset(
    (
        *("other", "others", "misc", "miscellaneous", "none", "none of these", "none of the above", "n/a", "unknown"),
        *("irrelevant", "off-topic", "off topic", "out of scope", "out_of_scope", "oos", "outside", "sonstiges"),
        *("andere", "autre", "autres", "otro", "otros", "기타", "其他", "その他"),
    )
)
"""Usual labels, in lower case, of texts about none of the others."""


def outside_notes(report: DataReport) -> Iterator[str]:
    """Notes on the outside class, or on rows that look as if they were meant for one."""
    if report.outside is not None and report.outside.train == 1 and not report.rows_with_several_labels:
        yield ONE_OUTSIDE
    elif report.outside is not None and 0 < report.outside.train < FEW_OUTSIDE_ROWS:
        yield (
            f"Training rows about none of the labels: {report.outside.train:,}. These are too few to recognize"
            " other such texts; add more, as varied as the texts that the model will get."
        )
    if left_out := report.rare.get("", 0):
        yield (
            f"Rows about none of the labels: {left_out:,}. These are too few to be learned, and are left out; add more,"
            f" at least {FEW_OUTSIDE_ROWS} in all."
        )
    learned = [label.label for label in report.labels]
    becomes = ("is learned as one more label", "are learned as labels")
    too_few = ("has too few rows to be learned", "have too few rows to be learned")
    for labels, (one, several) in ((learned, becomes), (report.rare, too_few)):
        if named := [label for label in labels if label.casefold() in NAMES]:
            fate, stand = (one, "it stands") if len(named) == 1 else (several, "they stand")
            which = enumerated([*map(repr, named)])
            yield f"{which} {fate}. If {stand} for texts about none of the others, {_use(report, named)}"
    rows = report.bad_reasons.get(NO_LABEL, 0)
    if report.outside is None and rows:
        more = f"add more of them, at least {FEW_OUTSIDE_ROWS} in all, and " if rows < FEW_OUTSIDE_ROWS else ""
        yield (
            f"Rows without a label: {rows:,}. If they are about none of the labels, {more}use --outside '' to learn"
            " them."
        )


def _use(report: DataReport, labels: Sequence[str]) -> str:
    option = " ".join(f"--outside {shlex.quote(label)}" for label in labels)
    if report.outside is None and report.rows_with_several_labels:  # whose model has no outside class
        return f"use {option}: the model then learns that no label fits such texts."
    if report.outside is None:
        return f"use {option}: each answer then says how probable that is."
    return f"as in corrections from the page, also give {option}; the option may be repeated."
