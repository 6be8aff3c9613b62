"""Baselines of a fit: the most frequent label, and TF-IDF with a linear SVM, trained on the same rows."""

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import KFold
from sklearn.pipeline import make_union
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.svm import LinearSVC

from training.evaluation.multi_label import micro_f1
from training.fit.sizes import has_time_to_choose
from training.headlines.samples import random_rows
from training.labelled.rows import LabelledRow

MAX_ROWS: Final = 50_000
MAX_WORK: Final = 5_000_000
"""Maximum number of rows, and of rows times labels, to train on: more would take longer than the model itself."""
MAJORITY: Final = "most frequent label"
TFIDF: Final = "TF-IDF and linear SVM"
C_VALUES: Final = (1.0, 0.3, 0.1, 0.03)
"""Values of C that are tried. 1 is the default of scikit-learn; lower ones are better where most answers are wrong."""
FOLDS: Final = 3
"""Number of folds on which C is chosen."""

Answers: TypeAlias = list[tuple[str, ...]]
"""The labels of each tested row."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """Figures of one baseline on the test rows, 0 to 1."""

    name: str
    rows: int
    """Rows that it was trained on."""
    accuracy: float
    """If rows may have several labels, the share of those for which all are right."""
    macro_f1: float
    micro_f1: float | None = None
    """Only if rows may have several labels."""

    @property
    def score(self) -> float:
        """Micro-F1 if rows may have several labels, otherwise accuracy."""
        return self.accuracy if self.micro_f1 is None else self.micro_f1

    def figures(self) -> dict[str, Any]:
        """Figure -> number, as in the manifest."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def trained_on(rows: int, of_all: Sequence[int], with_label: str) -> str:
    """On which part of the rows a baseline was trained; empty if on all, as the most frequent label is.

    `of_all`: the rows of each baseline; `with_label`: what kind of rows they are.
    """
    return f"trained on {rows:,} of the {max(of_all):,} rows{with_label}" if rows < max(of_all) else ""


def run_baselines(
    train: Sequence[LabelledRow],
    test: Sequence[LabelledRow],
    seed: int,
    multi_label: bool = False,
    on_label: Callable[[int, int], object] = lambda done, of: None,
) -> tuple[Baseline, ...]:
    """Train both baselines and measure them on the test rows; the SVM comes first, as in summary and model card.

    Args:
        train: training rows; the SVM is trained on a random sample of them if all would take longer than the model.
        test: test rows, at least one of which has a label.
        seed: of the sample, and of the folds on which the C of the SVM is chosen.
        multi_label: whether training rows may have several labels. If not, rows without a label are left out, and a
            test row counts as its first label.
        on_label: called with the number of trained SVMs and that of all.
    """
    train, test = ([row for row in rows if row.labels or multi_label] for rows in (train, test))
    [(majority, _)] = Counter(label for row in train for label in row.labels).most_common(1)
    right = [row.labels for row in test] if multi_label else [row.labels[:1] for row in test]
    baselines = [_baseline(MAJORITY, len(train), right, [(majority,)] * len(right), multi_label)]
    codes = sorted({label for row in train for label in row.labels})
    train = [train[i] for i in random_rows(len(train), min(MAX_ROWS, MAX_WORK // len(codes)), seed)]
    if len({frozenset(row.labels) for row in train}) > 1:
        predicted = predict_labels(train, test, codes, seed, multi_label=multi_label, on_label=on_label)
        baselines.insert(0, _baseline(TFIDF, len(train), right, predicted, multi_label))
    return tuple(baselines)


def predict_labels(
    train: Sequence[LabelledRow],
    test: Sequence[LabelledRow],
    codes: Sequence[str],
    seed: int,
    *,
    multi_label: bool,
    on_label: Callable[[int, int], object],
) -> Answers:
    """Train on rows and answer others.

    C is 1, or chosen by cross-validation if `fit` has time to choose its own: at a C of 1 alone, the baseline could be
    five points less accurate than it may be, and `fit` would seem better than it is.

    Args:
        train: rows with two labels or more.
        test: rows.
        codes: the labels of the training rows.
        seed: of the folds.
        multi_label: a row may have several labels, and gets all whose SVM says so, at a C of 1; if not, it has one, and
            gets the one with the highest score.
        on_label: called with the number of trained SVMs and that of all.
    """
    texts, labels = [row.text for row in train], [row.labels for row in train]
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, dtype=np.float32)
    # scikit-learn's words have two characters or more, and it refuses to learn from texts that have none.
    features = make_union(words, pieces) if any(map(words.build_analyzer(), texts)) else pieces
    rows = features.fit_transform(texts).astype(np.float64)  # which each SVM would do otherwise
    choose = not multi_label and len(train) >= FOLDS and has_time_to_choose(len(train), len(codes))
    of, done = len(codes) * (1 + choose * FOLDS * len(C_VALUES)), itertools.count()
    answers = partial(_answers, codes=codes, multi_label=multi_label, on_label=lambda: on_label(next(done), of))
    c = _best_c(answers, rows, labels, seed) if choose else C_VALUES[0]
    return answers(rows, labels, features.transform([row.text for row in test]), c)


def _best_c(answers: Callable[..., Answers], rows: sp.csr_matrix, labels: Answers, seed: int) -> float:
    """The C with the most right answers on held-out rows, the highest of equals."""
    right = dict.fromkeys(C_VALUES, 0)
    for learned, held_out in KFold(FOLDS, shuffle=True, random_state=seed).split(labels):
        fold = (rows[learned], [labels[i] for i in learned.tolist()], rows[held_out])
        for c in C_VALUES:
            given = zip(held_out.tolist(), answers(*fold, c), strict=True)
            right[c] += sum(labels[i] == answer for i, answer in given)
    return max(C_VALUES, key=right.__getitem__)


def _answers(
    rows: sp.csr_matrix,
    labels: Sequence[Sequence[str]],
    tested: sp.csr_matrix,
    c: float,
    *,
    codes: Sequence[str],
    multi_label: bool,
    on_label: Callable[[], object],
) -> Answers:
    """The labels that SVMs with this C give to the tested rows.

    Only the weights of one SVM are in memory at a time: those of 300 labels would take gigabytes.
    """
    predicted: list[list[str]] = [[] for _ in range(tested.shape[0])]
    best = np.full(tested.shape[0], -np.inf)
    for code in codes:
        on_label()
        has = np.array([code in row_labels for row_labels in labels])
        if has.any() and not has.all():
            scores = LinearSVC(C=c, random_state=0).fit(rows, has).decision_function(tested)
            for place in np.flatnonzero(scores > (0 if multi_label else best)).tolist():
                predicted[place] = [*predicted[place], code] if multi_label else [code]
            best = np.maximum(best, scores)
    return [tuple(row_labels) for row_labels in predicted]


def _baseline(
    name: str, rows: int, right: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], multi_label: bool
) -> Baseline:
    accuracy = float(np.mean([set(labels) == set(answer) for labels, answer in zip(right, predicted, strict=True)]))
    codes = sorted({label for row_labels in (*right, *predicted) for label in row_labels})
    members, given = (
        MultiLabelBinarizer(classes=codes).fit_transform(rows).astype(bool) for rows in (right, predicted)
    )
    # Not f1_score(average="macro"): for a single label it also averages the F1 of not having the label.
    each = 2 * (members & given).sum(axis=0) / (members.sum(axis=0) + given.sum(axis=0))
    macro = float(each.mean()) if codes else 0.0
    return Baseline(name, rows, accuracy, macro, micro_f1(given, members) if multi_label else None)
