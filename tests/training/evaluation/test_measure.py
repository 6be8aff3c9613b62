"""Figures of answers to labelled texts."""

import numpy as np
import pytest

from training.evaluation.measure import calibration_error, calibration_error_by_chance, measure, reliability

PROBABILITIES = np.array(
    [[0.7, 0.1, 0.1, 0.1], [0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4], [0.1, 0.6, 0.2, 0.1]], np.float32
)
LABELS = np.array([0, 1, 0, 1])


def test_measures_are_those_worked_out_by_hand() -> None:
    found = measure(PROBABILITIES, LABELS, [(0,), (1, 0), (0, 2), (1,)])
    assert found.figures() == {
        "wires": 4,
        "accuracy": 0.5,
        "loss": pytest.approx(-np.log([0.7, 0.3, 0.1, 0.6]).mean()),
        "macro_f1": pytest.approx((0.5 + 2 / 3 + 0) / 3),  # topic 3 was predicted once, topic 2 does not occur
        "top3": 0.75,
        "any_topic_accuracy": 0.75,
        # one text each at 0.7 (right), 0.6 (right), and two at 0.4 (wrong) in one bin
        "ece": pytest.approx((0.3 + 0.4 + 2 * 0.4) / 4),
        # one text of probability p is off by 2 p (1 - p) on average; of two at 0.4, 0, 1 or 2 are right
        "ece_by_chance": pytest.approx((0.42 + 0.48 + 2 * (0.36 * 0.4 + 0.48 * 0.1 + 0.16 * 0.6)) / 4),
    }
    assert found.confusion.tolist() == [[1, 0, 0, 1], [1, 1, 0, 0], [0] * 4, [0] * 4]


def test_loss_of_certain_right_answers_is_no_negative_zero() -> None:
    assert str(measure(np.eye(2, dtype=np.float32), np.array([0, 1])).loss) == "0.0"


def test_skill_that_cannot_be_known_is_none() -> None:
    skills = measure(PROBABILITIES, LABELS).topics
    assert (skills[0].support, skills[0].precision, skills[0].recall) == (2, 0.5, 0.5)
    assert (skills[2].precision, skills[2].recall, skills[2].f1) == (None, None, None)
    assert (skills[3].precision, skills[3].recall, skills[3].f1) == (0.0, None, 0.0)


def test_topic_set_is_never_empty_and_its_coverage_counted() -> None:
    found = measure(PROBABILITIES, LABELS, threshold=0.3)
    assert (found.set_coverage, found.set_size) == (0.75, 1.5)  # sets 0 | 0 1 | 2 3 | 1, labels 0 1 0 1
    assert measure(PROBABILITIES, LABELS, threshold=0.9).set_size == 1


def test_reliability_leaves_empty_bins_out() -> None:
    bins = reliability(np.array([1.0, 0.99, 0.5]), np.array([True, False, True]))
    assert [(one.texts, one.accuracy) for one in bins] == [(1, 1.0), (2, 0.5)]
    assert bins[1].confidence == pytest.approx(0.995)


def test_calibration_error_by_chance_is_that_of_texts_that_are_right_with_their_probability() -> None:
    rng = np.random.default_rng(1)
    confidence = np.repeat(np.array([0.21, 0.55, 0.99, 1.0], np.float32), (3, 40, 12, 5))
    drawn = [calibration_error(reliability(confidence, rng.random(60) < confidence)) for _ in range(2_000)]
    found = calibration_error_by_chance(reliability(confidence, confidence > 0.5))
    assert found == pytest.approx(np.mean(drawn), rel=0.03)
    assert calibration_error_by_chance(()) == 0


def test_figure_that_was_not_measured_is_left_out() -> None:
    assert "any_topic_accuracy" not in measure(PROBABILITIES, LABELS).figures()
