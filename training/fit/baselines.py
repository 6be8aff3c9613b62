"""Baselines of a fit: the most frequent label, and TF-IDF with a linear SVM, trained on the same rows."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_union
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.svm import LinearSVC

from training.evaluation.multi_label import micro_f1
from training.headlines.samples import random_rows
from training.labelled.rows import LabelledRow

MAX_ROWS: Final = 50_000
MAX_WORK: Final = 5_000_000
"""Maximum number of rows, and of rows times labels, to train on: more would take longer than the model itself."""
MAJORITY: Final = "most frequent label"
TFIDF: Final = "TF-IDF and linear SVM"


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
    """Train both baselines and measure them on the test rows.

    Args:
        train: training rows; the SVM is trained on a random sample of them if all would take longer than the model.
        test: test rows, at least one of which has a label.
        seed: of the sample.
        multi_label: whether rows may have several labels. If not, rows without a label are left out, and a row counts
            as its first label.
        on_label: called with the number of trained SVMs and that of all.
    """
    train, test = ([row for row in rows if row.labels or multi_label] for rows in (train, test))
    [(majority, _)] = Counter(label for row in train for label in row.labels).most_common(1)
    right = [row.labels for row in test] if multi_label else [row.labels[:1] for row in test]
    baselines = [_baseline(MAJORITY, len(train), right, [(majority,)] * len(right), multi_label)]
    codes = sorted({label for row in train for label in row.labels})
    train = [train[i] for i in random_rows(len(train), min(MAX_ROWS, MAX_WORK // len(codes)), seed)]
    if len({row.labels[:1] for row in train}) > 1:
        texts = [row.text for row in train]
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32)
        pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, dtype=np.float32)
        # scikit-learn's words have two characters or more, and it refuses to learn from texts that have none.
        features = make_union(words, pieces) if any(map(words.build_analyzer(), texts)) else pieces
        rows = features.fit_transform(texts)
        tested = features.transform([row.text for row in test])
        predicted = _one_svm_per_label(
            rows, [row.labels for row in train], tested, codes, multi_label=multi_label, on_label=on_label
        )
        baselines.append(_baseline(TFIDF, len(train), right, predicted, multi_label))
    return tuple(baselines)


def _one_svm_per_label(
    rows: sp.csr_matrix,
    labels: Sequence[Sequence[str]],
    tested: sp.csr_matrix,
    codes: Sequence[str],
    *,
    multi_label: bool,
    on_label: Callable[[int, int], object],
) -> list[tuple[str, ...]]:
    """The labels that one linear SVM each gives to the tested rows: all positive ones, or the one with the best score.

    Only the weights of one SVM are in memory at a time: those of 300 labels would take gigabytes.
    """
    rows = rows.astype(np.float64)  # which each SVM would do otherwise
    predicted: list[list[str]] = [[] for _ in range(tested.shape[0])]
    best = np.full(tested.shape[0], -np.inf)
    for done, code in enumerate(codes):
        on_label(done, len(codes))
        has = np.array([code in (row_labels if multi_label else row_labels[:1]) for row_labels in labels])
        if has.any() and not has.all():
            scores = LinearSVC(random_state=0).fit(rows, has).decision_function(tested)
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
