from dataclasses import replace

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_union
from sklearn.svm import LinearSVC

from tests.training.fit.rows import codes, made_rows
from training.fit import baselines, sizes
from training.fit.baselines import C_VALUES, FOLDS, MAJORITY, TFIDF, predict_labels, run_baselines, trained_on
from training.labelled.rows import LabelledRow

FEATURES = make_union(
    TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
    TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
)


def noisy(seed: int) -> list[LabelledRow]:
    """Rows of four labels, every third with the label of another row."""
    rows = made_rows(4, 30, seed)
    return [replace(row, labels=rows[7 * i % 120].labels) if i % 3 == 0 else row for i, row in enumerate(rows)]


def test_of_many_rows_a_choice_is_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "MAX_WORK", 4 * 50)
    assert [one.rows for one in run_baselines(noisy(0), noisy(1), seed=1)] == [50, 120]


def test_part_of_the_rows_is_named_and_all_of_them_are_not() -> None:
    assert trained_on(50_000, [60_000, 50_000], " with a label") == "trained on 50,000 of the 60,000 rows with a label"
    assert trained_on(60_000, [60_000, 50_000], " with a label") == ""


def test_words_of_one_character_are_learned_as_characters() -> None:
    rows = [LabelledRow(text, (label,), "rows.csv", 2) for text, label in (("q b x", "q"), ("k b x", "k")) * 10]
    assert [one.accuracy for one in run_baselines(rows, rows, seed=1)] == [1.0, 0.5]


def test_a_label_that_all_rows_have_first_does_not_hide_the_others() -> None:
    rows = [replace(row, labels=("news", *row.labels)) for row in made_rows(2, 20, 0)]
    assert [one.name for one in run_baselines(rows, rows, seed=1, multi_label=True)] == [TFIDF, MAJORITY]


def test_macro_f1_is_0_if_test_rows_have_no_label_and_get_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "predict_labels", lambda *_, **__: [(), ()])
    rows = [LabelledRow("oil prices", labels, "rows.csv", 2) for labels in (("a",), ("a",), ("b",), (), ())]
    assert [one.macro_f1 for one in run_baselines(rows, rows[3:], seed=1, multi_label=True)] == [0, 0]


def test_macro_f1_of_one_label_is_that_label_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "predict_labels", lambda *_, **__: [("a",), ()])
    rows = [LabelledRow("oil prices", labels, "rows.csv", 2) for labels in (("a",), ("a",), ("b",), ("b",))]
    [linear, _] = run_baselines(rows, rows[:2], seed=1, multi_label=True)
    assert linear.macro_f1 == linear.micro_f1 == pytest.approx(2 / 3)


def predicted(train: list[LabelledRow], steps: list[tuple[int, int]]) -> list[str]:
    answers = predict_labels(train, noisy(1), codes(4), 1, multi_label=False, on_label=lambda *step: steps.append(step))
    return [label for (label,) in answers]


def peer(c: float) -> list[str]:
    """Answers of scikit-learn, which trains the SVMs of all labels at once."""
    svm = LinearSVC(C=c, random_state=0).fit(FEATURES.fit_transform(texts_of(noisy(0))), labels_of(noisy(0)))
    return list(svm.predict(FEATURES.transform(texts_of(noisy(1)))))


def test_c_is_the_one_with_the_most_right_answers_by_cross_validation() -> None:
    rows, folds = FEATURES.fit_transform(texts_of(noisy(0))), KFold(FOLDS, shuffle=True, random_state=1)
    scores = [
        cross_val_score(LinearSVC(C=c, random_state=0), rows, labels_of(noisy(0)), cv=folds).mean() for c in C_VALUES
    ]
    best = C_VALUES[int(np.argmax(scores))]
    steps: list[tuple[int, int]] = []
    assert best < 1
    assert predicted(noisy(0), steps) == peer(best) != peer(1.0)
    svms = 4 * (len(C_VALUES) * FOLDS + 1)
    assert steps == [(done, svms) for done in range(svms)]


def test_of_many_rows_and_labels_c_is_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "MAX_CHOICE_WORK", 4 * 120 - 1)
    steps: list[tuple[int, int]] = []
    assert predicted(noisy(0), steps) == peer(1.0)
    assert steps == [(0, 4), (1, 4), (2, 4), (3, 4)]


def test_of_rows_with_several_labels_c_is_1() -> None:
    steps: list[tuple[int, int]] = []
    rows = [replace(row, labels=(*row.labels, "more")) for row in noisy(0)]
    answers = predict_labels(
        rows, noisy(1), [*codes(4), "more"], 1, multi_label=True, on_label=lambda *step: steps.append(step)
    )
    assert len(answers) == 120
    assert steps == [(done, 5) for done in range(5)]


def test_of_fewer_rows_than_folds_c_is_1() -> None:
    steps: list[tuple[int, int]] = []
    assert len(predicted([noisy(0)[0], noisy(0)[40]], steps)) == 120
    assert len(steps) == 4


def labels_of(rows: list[LabelledRow]) -> list[str]:
    return [row.labels[0] for row in rows]


def texts_of(rows: list[LabelledRow]) -> list[str]:
    return [row.text for row in rows]
