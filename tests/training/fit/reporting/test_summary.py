"""What `fit` prints: which rows each number counts, and whether the model has learned anything."""

import numpy as np
import pytest

from app.classifier.encoding import Encoder
from app.classifier.inference.products import Floats
from app.classifier.manifest import Calibration, EncodingSpec
from app.classifier.networks.dense_network import Dense
from tests.training.fit.rows import codes, made_rows
from training.evaluation.labelled_rows import Measured
from training.evaluation.measure import measure
from training.evaluation.multi_label import MultiLabelEvaluation
from training.fit.baselines import MAJORITY, TFIDF, Baseline
from training.fit.calibrate import Calibrated
from training.fit.fitted import Fitted
from training.fit.insights.linear_models import CurvePoint
from training.fit.reporting.summary import NO_BETTER, described, is_no_better, summary, with_label
from training.fit.sizes import recipe_for
from training.fit.training_rows import tokenize_rows
from training.headlines.calibration import HeldOut
from training.headlines.train import TrainedModel


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
    measured = MultiLabelEvaluation(
        9, micro_f1, 0.3, exact_match=0.6, ece=0.1, ece_by_chance=0.1, labels=2, given=2, topics=()
    )
    majority = Baseline(MAJORITY, 9, accuracy=0.6, macro_f1=0.3, micro_f1=0.5)
    assert is_no_better(measured, [majority]) == no_better


def identity(labels: list[int]) -> Floats:
    """Probabilities of two labels, each 0 or 1."""
    return np.eye(2, dtype=np.float32)[labels]


def printed(test: list[int], held_out: list[int]) -> str:
    """The summary of a model of two labels with these answers to 30 rows of each."""
    rows, labels = tokenize_rows(made_rows(2, 30), codes(2)), np.repeat([0, 1], 30)
    layers = tuple(
        Dense(np.zeros(shape, np.float32), np.zeros(shape[1], np.float32), "linear") for shape in ((9, 3), (3, 2))
    )
    fitted = Fitted(
        recipe=recipe_for(60, 2),
        seed=1,
        model=TrainedModel(Encoder(EncodingSpec(size=9), {}), {}, layers, {}, 2),
        held_out=HeldOut(identity(held_out), labels, np.zeros(60, np.float32), 2),
        held_out_rows=rows.samples,
        calibrated=Calibrated(temperature=Calibration(intercept=0)),
        with_networks=False,
        clusters=(),
    )
    measured = Measured(measure(identity(test), labels), None, (), {})
    majority = Baseline(MAJORITY, 60, accuracy=0.5, macro_f1=1 / 3)
    return summary(fitted, measured, [majority], [CurvePoint(30, 0.5), CurvePoint(60, 0.5)], rows)


def test_texts_that_tell_nothing_are_told_from_test_rows_that_differ() -> None:
    right, same = [0] * 30 + [1] * 30, [0] * 60
    differs = "On held-out training rows, the accuracy is 1.000, so the test rows differ"
    assert [differs in printed(test, right) for test in (same, right)] == [True, False]
    assert [NO_BETTER in printed(same, held_out) for held_out in (right, same)] == [False, True]


def test_what_chance_does_to_the_figures_is_said() -> None:
    out = printed([0] * 60, [0] * 30 + [1] * 30)
    assert "With 95% confidence, the accuracy on other texts like the test rows is between 38% and 62%." in out
    assert "With this many rows, even exact probabilities would have a calibration error of about 0.000." in out
    assert "with 5 folds on the 60 training rows, where its accuracy is 1.000." in out


def test_units_are_those_of_the_model_and_not_the_maximum_of_its_recipe() -> None:
    assert "8 features, 3 units; a linear SVM alone," in printed([0] * 60, [0] * 60)
