import numpy as np
import pytest

from app.classifier.manifest import Calibration
from training.evaluation.evaluate import measure
from training.headlines.calibration import HeldOut, fit_temperature, fit_topic_set


def overconfident(seed: int = 0, count: int = 4_000) -> HeldOut:
    """Labels drawn from softmax(scores), then scores multiplied by 3."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 2, (count, 46))
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(46, p=row) for row in chances])
    return HeldOut((3 * scores).astype(np.float32), labels)


def twice_as_wrong_where_sure(seed: int, count: int = 4_000) -> HeldOut:
    """Labels drawn from softmax(scores), then scores multiplied by a factor that grows with the gap."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 1, (count, 46)) * rng.uniform(0.5, 4, (count, 1))
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(46, p=row) for row in chances])
    gaps = scores.max(axis=1, keepdims=True) - scores.mean(axis=1, keepdims=True)
    return HeldOut((scores * gaps / 3).astype(np.float32), labels)


def test_temperature_takes_overconfidence_back() -> None:
    held_out = overconfident()
    calibration = fit_temperature(held_out)
    gaps = held_out.logits.max(axis=1) - held_out.logits.mean(axis=1)
    assert calibration.temperatures(np.quantile(gaps, [0.1, 0.9])) == pytest.approx(3, rel=0.1)
    fresh = overconfident(seed=1)
    assert measure(fresh.probabilities(calibration), fresh.labels).ece < 0.03


def test_temperature_grows_with_the_gap_if_confident_texts_are_overconfident() -> None:
    calibration = fit_temperature(twice_as_wrong_where_sure(0))
    fresh = twice_as_wrong_where_sure(1)
    assert calibration.gap_slope > 0.3
    assert measure(fresh.probabilities(calibration), fresh.labels).ece < 0.03
    one_for_all = Calibration(intercept=float(np.log(calibration.temperatures(np.float32(8)))))
    assert measure(fresh.probabilities(one_for_all), fresh.labels).ece > 0.05


def test_topic_set_holds_the_label_as_often_as_promised() -> None:
    held_out = overconfident()
    calibration = fit_temperature(held_out)
    topic_set = fit_topic_set(held_out.probabilities(calibration), held_out.labels, 0.9)
    fresh = overconfident(seed=1)
    found = measure(fresh.probabilities(calibration), fresh.labels, threshold=topic_set.threshold)
    assert found.set_coverage == pytest.approx(0.9, abs=0.02)


def test_threshold_is_the_quantile_worked_out_by_hand() -> None:
    own = np.linspace(0.1, 1.0, 19)
    probabilities = np.stack([own, 1 - own], axis=1).astype(np.float32)
    # floor(0.1 * 20) = 2 of 20: the second smallest of the labels' probabilities
    assert fit_topic_set(probabilities, np.zeros(19, int), 0.9).threshold == pytest.approx(own[1])


@pytest.mark.parametrize(("count", "place"), [(18, 0), (8, 0), (19, 1), (28, 1), (29, 2)])
def test_few_texts_get_the_smallest_probability_or_the_next(count: int, place: int) -> None:
    own = np.linspace(0.1, 0.9, count)
    probabilities = np.stack([own, 1 - own], axis=1).astype(np.float32)
    found = fit_topic_set(probabilities, np.zeros(count, int), 0.9)
    assert (found.coverage, found.threshold) == (0.9, pytest.approx(own[place]))


def test_threshold_stays_within_what_a_manifest_takes() -> None:
    nothing = np.array([[0.0, 1.0]] * 9, np.float32)
    assert fit_topic_set(nothing, np.zeros(9, int), 0.9).threshold == pytest.approx(1e-6)
    assert fit_topic_set(nothing, np.ones(9, int), 0.9).threshold == 1
