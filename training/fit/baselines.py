"""Baselines of a fit: the most frequent label, and TF-IDF with a linear SVM, trained on the same rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from training.headlines.samples import random_rows
from training.labelled.rows import LabelledRow

MOST_ROWS: Final = 50_000
MOST_WORK: Final = 5_000_000
"""Rows times labels: more would take longer than the model itself."""
MAJORITY: Final = "most frequent label"
TFIDF: Final = "TF-IDF and linear SVM"


@dataclass(frozen=True, slots=True)
class Baseline:
    """Figures of one baseline on the test rows, 0 to 1."""

    name: str
    rows: int
    """Rows that it was trained on."""
    accuracy: float
    macro_f1: float

    def figures(self) -> dict[str, Any]:
        """Figure -> number, as in the manifest."""
        return asdict(self)


def run_baselines(train: Sequence[LabelledRow], test: Sequence[LabelledRow], seed: int) -> tuple[Baseline, ...]:
    """Train both on the rows with a label, or on a random choice of them that does not take longer than the model."""
    learned, asked = ([row for row in rows if row.labels] for rows in (train, test))
    right = [row.labels[0] for row in asked]
    [(most, _)] = Counter(row.labels[0] for row in learned).most_common(1)
    found = [_baseline(MAJORITY, len(learned), right, [most] * len(right))]
    limit = min(MOST_ROWS, MOST_WORK // len({row.labels[0] for row in learned}))
    learned = [learned[i] for i in random_rows(len(learned), limit, seed)]
    labels = [row.labels[0] for row in learned]
    if len(set(labels)) > 1:
        model = make_pipeline(
            make_union(
                TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32),
                TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, dtype=np.float32),
            ),
            LinearSVC(random_state=0),
        )
        model.fit([row.text for row in learned], labels)
        found.append(_baseline(TFIDF, len(learned), right, model.predict([row.text for row in asked]).tolist()))
    return tuple(found)


def _baseline(name: str, rows: int, right: Sequence[str], predicted: Sequence[str]) -> Baseline:
    accuracy = float(np.mean([one == other for one, other in zip(right, predicted, strict=True)]))
    return Baseline(name, rows, accuracy, float(f1_score(right, predicted, average="macro", zero_division=0.0)))
