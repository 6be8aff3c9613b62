import numpy as np
import pytest

from training.fit.calibrate import quality
from training.headlines.calibration import HeldOut


def answers(right: float, confidence: float, rows: int = 2_000) -> HeldOut:
    """Answers about two labels, of which a share is right; `confidence` is how much higher right ones are."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, rows)
    sure = np.arange(rows) < right * rows
    logits = np.zeros((rows, 2), np.float32)
    logits[np.arange(rows), np.where(sure, labels, 1 - labels)] = np.where(sure, 1 + confidence, 1)
    return HeldOut(logits, labels, np.zeros(rows, np.float32), 2)


def test_of_models_that_are_right_as_often_the_one_that_knows_when_is_better() -> None:
    assert quality(answers(0.9, 2), None) > quality(answers(0.9, 0), None) + 0.01


def test_two_more_points_of_accuracy_count_more_than_two_hundredths_of_a_nat() -> None:
    # Mean log-likelihood of the labels: -0.279, and -0.261 of the one that is right less often.
    assert quality(answers(0.92, 0), None) > quality(answers(0.9, 0.1), None) + 0.005


def test_several_labels_are_compared_by_micro_f1() -> None:
    held_out = answers(1, 2)
    members = np.eye(2, dtype=np.bool_)[held_out.labels]
    assert quality(held_out, members) == pytest.approx(1)
