"""What `fit` prints: which rows each number counts, and whether the model has learned anything."""

import numpy as np
import pytest

from tests.training.fit.rows import codes, made_rows
from training.evaluation.measure import measure
from training.evaluation.multi_label import MultiLabelEvaluation
from training.fit.baselines import MAJORITY, TFIDF, Baseline
from training.fit.reporting.summary import described, is_no_better, with_label
from training.fit.training_rows import tokenize_rows


def test_rows_about_none_of_the_labels_are_told_apart() -> None:
    rows = tokenize_rows(made_rows(3, 120, outside=108), codes(3))
    assert described(rows) == "468 training rows (360 with a label, 108 about none of the labels)"
    assert with_label(rows) == " with a label"


def test_rows_that_all_count_are_one_number() -> None:
    rows = tokenize_rows(made_rows(3, 120), codes(3))
    assert (described(rows), with_label(rows)) == ("360 training rows", "")
    several = tokenize_rows(
        made_rows(3, 120, outside=108), codes(3), multi_label=True
    )  # those without a label count too
    assert (described(several), with_label(several)) == ("468 training rows", "")


@pytest.mark.parametrize(
    ("answers", "no_better"),
    [
        ([0, 0, 0, 0], True),
        ([1, 1, 1, 0], True),
        ([0, 0, 1, 1], False),  # as often right, but not always with the same label
        ([0, 0, 0, 1], False),
    ],
)
def test_model_is_compared_with_the_most_frequent_label(answers: list[int], no_better: bool) -> None:
    measured = measure(np.eye(2, dtype=np.float32)[answers], np.array([0, 0, 0, 1]))
    baselines = [Baseline(TFIDF, 9, 1.0, 1.0), Baseline(MAJORITY, 9, 0.75, 3 / 7)]
    assert is_no_better(measured, baselines) == no_better
    assert not is_no_better(measured, baselines[:1])


@pytest.mark.parametrize(("micro_f1", "no_better"), [(0.5, True), (0.51, False)])
def test_model_for_several_labels_is_compared_by_micro_f1(micro_f1: float, no_better: bool) -> None:
    measured = MultiLabelEvaluation(9, micro_f1, 0.3, exact_match=0.6, ece=0.1, labels=2, given=2, topics=())
    majority = Baseline(MAJORITY, 9, accuracy=0.6, macro_f1=0.3, micro_f1=0.5)
    assert is_no_better(measured, [majority]) == no_better
