from dataclasses import replace

import numpy as np
import pytest

from tests.training.fit.insights.models import linear_models
from tests.training.fit.rows import cluster_rows, codes, made_rows
from training.fit.insights import linear_models as module
from training.fit.reporting.learning_curve import curve_sentence
from training.fit.training_rows import tokenize_rows
from training.headlines.clusters.cluster_list import load_clusters


def test_more_rows_are_more_accurate() -> None:
    rows = tokenize_rows(made_rows(40, 4, words=12), codes(40))
    curve = linear_models(rows).learning_curve(made_rows(40, 10, seed=1, words=12))
    assert [point.rows for point in curve] == [40, 80, 160]
    quarter, half, whole = [point.accuracy for point in curve]
    assert quarter < half < whole
    assert whole > 0.7


def test_words_of_a_cluster_share_what_is_learned() -> None:
    rows = tokenize_rows(cluster_rows(0, 40), codes(2))
    assert linear_models(rows, clusters=load_clusters()).learning_curve(cluster_rows(1, 20))[-1].accuracy > 0.95


def test_progress_counts_the_svms_of_folds_and_curve() -> None:
    rows = made_rows(2, 10)
    models, steps = linear_models(tokenize_rows(rows, codes(2))), list[tuple[int, int]]()
    models.cross_fitted(lambda *step: steps.append(step))
    assert steps == [(done, 50) for done in range(50)]  # five folds, five times, two labels
    steps.clear()
    models.learning_curve(rows, lambda *step: steps.append(step))
    assert steps == [(done, 6) for done in range(6)]


def test_two_labels_and_labels_that_a_quarter_does_not_have() -> None:
    rows = tokenize_rows(made_rows(2, 4, outside=5), codes(2))
    curve = linear_models(rows).learning_curve(made_rows(2, 20, outside=5))
    assert [point.rows for point in curve] == [2, 4, 8]
    assert all(0 <= point.accuracy <= 1 for point in curve)


def test_labels_that_nothing_tells_apart_are_learned_without_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = made_rows(4, 20)
    shuffled = [replace(row, labels=rows[i * 7 % len(rows)].labels) for i, row in enumerate(rows)]
    models = linear_models(tokenize_rows(shuffled, codes(4)))
    whole = models.cross_fitted()
    monkeypatch.setattr(module, "MAX_ITERATIONS", 1)  # of which scikit-learn would warn
    cut = models.cross_fitted()
    assert cut.shape == (80, 4)
    assert not np.allclose(cut, whole, atol=1e-3)  # so the solver was stopped


def test_rows_without_a_word_count() -> None:
    rows = made_rows(2, 10)
    wordless = [replace(row, text="-") for row in (rows[0], rows[-1])]  # of both labels, so one of them is right
    curve = linear_models(tokenize_rows(rows, codes(2))).learning_curve([*rows, *wordless])
    assert curve[-1].accuracy == 21 / 22


def test_sentence_says_what_the_last_doubling_brought() -> None:
    points = [{"rows": rows, "accuracy": accuracy} for rows, accuracy in ((500, 0.7), (1_000, 0.8), (2_000, 0.835))]
    assert curve_sentence(points, 600) == (
        "Accuracy of a simpler linear SVM with the model's features, by number of training rows: 0.700 with 500, 0.800"
        " with 1,000, 0.835 with 2,000. The last doubling brought +3.5 points (margin of error ±4)."
    )


def test_sentence_says_which_rows_it_counts() -> None:
    points = [{"rows": rows, "accuracy": 0.7} for rows in (180, 360)]
    assert curve_sentence(points, 60, counted="training rows with a label").startswith(
        "Accuracy of a simpler linear SVM with the model's features, by number of training rows with a label: 0.700"
        " with 180"
    )


def test_margin_is_not_0_where_all_rows_are_right() -> None:
    points = [{"rows": rows, "accuracy": 1.0} for rows in (50, 100)]
    assert curve_sentence(points, 40).endswith("brought +0.0 points (margin of error ±7).")
