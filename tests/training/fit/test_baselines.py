from dataclasses import replace

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_union
from sklearn.svm import LinearSVC

from tests.training.fit.rows import made_rows
from training.fit import baselines
from training.fit.baselines import MAJORITY, TFIDF, run_baselines, trained_on
from training.labelled.rows import LabelledRow


def noisy(seed: int) -> list[LabelledRow]:
    """Rows of four labels, every third with the label of another row."""
    rows = made_rows(4, 30, seed)
    return [replace(row, labels=rows[7 * i % 120].labels) if i % 3 == 0 else row for i, row in enumerate(rows)]


def test_svms_one_after_the_other_are_right_as_often_as_all_at_once() -> None:
    train, test = noisy(0), noisy(1)
    majority, linear = run_baselines(train, test, seed=1)
    assert (majority.name, majority.rows, linear.name, linear.rows) == (MAJORITY, 120, TFIDF, 120)
    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    )
    svm = LinearSVC(random_state=0).fit(features.fit_transform([row.text for row in train]), labels_of(train))
    found = svm.predict(features.transform([row.text for row in test]))
    assert linear.accuracy == pytest.approx(np.mean(found == labels_of(test)), abs=1 / len(test))


def test_of_many_rows_a_choice_is_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "MAX_WORK", 4 * 50)
    assert [one.rows for one in run_baselines(noisy(0), noisy(1), seed=1)] == [120, 50]


def test_part_of_the_rows_is_named_and_all_of_them_are_not() -> None:
    assert trained_on(50_000, [60_000, 50_000], " with a label") == "trained on 50,000 of the 60,000 rows with a label"
    assert trained_on(60_000, [60_000, 50_000], " with a label") == ""


def test_words_of_one_character_are_learned_as_characters() -> None:
    rows = [LabelledRow(text, (label,), "rows.csv", 2) for text, label in (("q b x", "q"), ("k b x", "k")) * 10]
    assert [one.accuracy for one in run_baselines(rows, rows, seed=1)] == [0.5, 1.0]


def test_macro_f1_is_0_if_test_rows_have_no_label_and_get_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "_one_svm_per_label", lambda *_, **__: [(), ()])
    rows = [LabelledRow("oil prices", labels, "rows.csv", 2) for labels in (("a",), ("a",), ("b",), (), ())]
    assert [one.macro_f1 for one in run_baselines(rows, rows[3:], seed=1, multi_label=True)] == [0, 0]


def test_macro_f1_of_one_label_is_that_label_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "_one_svm_per_label", lambda *_, **__: [("a",), ()])
    rows = [LabelledRow("oil prices", labels, "rows.csv", 2) for labels in (("a",), ("a",), ("b",), ("b",))]
    [_, linear] = run_baselines(rows, rows[:2], seed=1, multi_label=True)
    assert linear.macro_f1 == linear.micro_f1 == pytest.approx(2 / 3)


def test_progress_counts_the_svms() -> None:
    steps: list[tuple[int, int]] = []
    run_baselines(noisy(0), noisy(1), seed=1, on_label=lambda *step: steps.append(step))
    assert steps == [(0, 4), (1, 4), (2, 4), (3, 4)]


def labels_of(rows: list[LabelledRow]) -> list[str]:
    return [row.labels[0] for row in rows]
