import math
from typing import Any

import numpy as np
import pytest

from app.classifier.calibration import rounded, temperatures
from app.classifier.manifest import Calibration, Outside
from training.evaluation.measure import measure
from training.headlines.calibration import (
    MEAN_WEIGHT,
    HeldOut,
    fit_outside,
    fit_temperature,
    fit_topic_set,
    outside_probabilities,
)

OUTSIDE = 46


def held(logits: Any, labels: Any, scores: Any = 0.0, shares: Any = 0.0) -> HeldOut:
    count = len(labels)
    units = np.concatenate([logits, np.zeros((count, 1)) + np.reshape(scores, (-1, 1))], axis=1)
    return HeldOut(units.astype(np.float32), labels, (np.zeros(count) + shares).astype(np.float32), OUTSIDE)


def overconfident(seed: int = 0, count: int = 4_000) -> HeldOut:
    """Labels drawn from softmax(scores), then scores multiplied by 3."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 2, (count, 46))
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(46, p=row) for row in chances])
    return held((3 * scores), labels)


def twice_as_wrong_where_sure(seed: int, count: int = 4_000) -> HeldOut:
    """Labels drawn from softmax(scores), then scores multiplied by a factor that grows with the gap."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 1, (count, 46)) * rng.uniform(0.5, 4, (count, 1))
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(46, p=row) for row in chances])
    gaps = scores.max(axis=1, keepdims=True) - scores.mean(axis=1, keepdims=True)
    return held(scores * gaps / 3, labels)


def test_temperature_takes_overconfidence_back() -> None:
    held_out = overconfident()
    calibration = fit_temperature([held_out])
    topics = held_out.logits[:, :46]
    gaps = topics.max(axis=1) - topics.mean(axis=1)
    assert temperatures(calibration, np.quantile(gaps, [0.1, 0.9]).tolist()) == pytest.approx([3, 3], rel=0.1)
    fresh = overconfident(seed=1)
    assert measure(fresh.probabilities(calibration), fresh.labels).ece < 0.03


def test_temperature_grows_with_the_gap_if_confident_texts_are_overconfident() -> None:
    calibration = fit_temperature([twice_as_wrong_where_sure(0)])
    fresh = twice_as_wrong_where_sure(1)
    assert calibration.gap_slope > 0.3
    assert measure(fresh.probabilities(calibration), fresh.labels).ece < 0.03
    one_for_all = Calibration(intercept=math.log(temperatures(calibration, [8])[0]))
    assert measure(fresh.probabilities(one_for_all), fresh.labels).ece > 0.05


def test_topic_set_holds_the_label_as_often_as_promised() -> None:
    held_out = overconfident()
    calibration = fit_temperature([held_out])
    topic_set = fit_topic_set(held_out.probabilities(calibration), held_out.labels, 0.9)
    fresh = overconfident(seed=1)
    found = measure(fresh.probabilities(calibration), fresh.labels, threshold=topic_set.threshold)
    assert found.set_coverage == pytest.approx(0.9, abs=0.02)


def test_threshold_is_the_quantile_worked_out_by_hand() -> None:
    own = np.linspace(0.1, 1.0, 19)
    probabilities = np.stack([own, 1 - own], axis=1).astype(np.float32)
    # floor(0.1 * 20) = 2 of 20: the second smallest of the labels' probabilities
    assert fit_topic_set(probabilities, np.zeros(19, int), 0.9).threshold == pytest.approx(own[1])


@pytest.mark.parametrize(("count", "place"), [(18, 0), (9, 0), (19, 1), (28, 1), (29, 2)])
def test_few_texts_get_the_smallest_probability_or_the_next(count: int, place: int) -> None:
    own = np.linspace(0.1, 0.9, count)
    probabilities = np.stack([own, 1 - own], axis=1).astype(np.float32)
    found = fit_topic_set(probabilities, np.zeros(count, int), 0.9)
    assert (found.coverage, found.threshold) == (0.9, pytest.approx(own[place]))


def test_text_that_sets_the_threshold_has_its_label_in_the_set() -> None:
    for probability in np.linspace(0.1, 0.4, 100, dtype=np.float32):
        row = np.array([[probability, 1 - probability]], np.float32)
        found = fit_topic_set(row.repeat(9, axis=0), np.zeros(9, int), 0.9)
        assert rounded(row)[0][0] >= found.threshold  # what the classifier compares
        assert measure(row, np.zeros(1, int), threshold=found.threshold).set_coverage == 1


def test_fewer_than_nine_texts_give_sets_of_all_topics() -> None:
    probabilities = np.full((8, 2), 0.5, np.float32)
    assert fit_topic_set(probabilities, np.zeros(8, int), 0.9).threshold == pytest.approx(1e-6)


def test_threshold_stays_within_what_a_manifest_takes() -> None:
    nothing = np.array([[0.0, 1.0]] * 9, np.float32)
    assert fit_topic_set(nothing, np.zeros(9, int), 0.9).threshold == pytest.approx(1e-6)
    assert fit_topic_set(nothing, np.ones(9, int), 0.9).threshold == 1


def less_right_with_unknown_words(seed: int, count: int = 4_000) -> HeldOut:
    """Labels drawn from softmax(scores / (1 + 4 u)), u the share of words without an id."""
    rng = np.random.default_rng(seed)
    shares = rng.choice([0.0, 0.25, 0.5], count)
    scores = rng.normal(0, 4, (count, 46))
    chances = np.exp(scores / (1 + 4 * shares[:, None]))
    chances /= chances.sum(axis=1, keepdims=True)
    return held(scores, np.array([rng.choice(46, p=row) for row in chances]), shares=shares)


def test_headlines_with_unknown_words_become_less_sure() -> None:
    calibration = fit_temperature([less_right_with_unknown_words(0)])
    assert 1.5 < calibration.unknown_slope < 3
    fresh = less_right_with_unknown_words(1)
    many = fresh.oov_shares == 0.5
    probabilities = fresh.probabilities(calibration)
    assert measure(probabilities[many], fresh.labels[many]).ece < 0.05
    assert probabilities.max(axis=1)[many].mean() < probabilities.max(axis=1)[fresh.oov_shares == 0].mean() - 0.1


def test_parts_weigh_the_same_however_many_texts_they_have() -> None:
    few, many = overconfident(2, 200), overconfident(3, 2_000)
    many = HeldOut(many.logits / 3, many.labels, many.oov_shares, OUTSIDE)
    half = fit_temperature([few, many])
    assert fit_temperature([few, many, many]) != half
    again = HeldOut(*(np.concatenate([one, one]) for one in (few.logits, few.labels, few.oov_shares)), OUTSIDE)
    assert fit_temperature([again, many]).intercept == pytest.approx(half.intercept, abs=0.01)


def noisy(seed: int, count: int = 4_000) -> HeldOut:
    """Labels drawn from softmax(scores) over four topics, but for a fifth of the texts from chance alone."""
    rng = np.random.default_rng(seed)
    scores = np.full((count, OUTSIDE), -20.0)
    scores[:, :4] = rng.normal(0, 3, (count, 4))
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(OUTSIDE, p=row) for row in chances])
    return held(scores, np.where(rng.random(count) < 0.2, rng.integers(0, 4, count), labels))


def test_mean_confidence_is_the_accuracy_where_the_temperature_has_another_form() -> None:
    part = noisy(0)
    probabilities = part.probabilities(fit_temperature([part]))
    right = probabilities.argmax(axis=1) == part.labels
    assert probabilities.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.004)


def test_mean_confidence_is_the_accuracy_in_each_part_not_only_in_all() -> None:
    surer = overconfident(4)
    with_unknown = HeldOut(surer.logits, surer.labels, np.full(len(surer.labels), 0.3, np.float32), OUTSIDE)
    parts = [noisy(3), with_unknown]
    calibration = fit_temperature(parts)
    for part in parts:
        probabilities = part.probabilities(calibration)
        right = probabilities.argmax(axis=1) == part.labels
        assert probabilities.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.005)


@pytest.mark.parametrize(
    "part", [less_right_with_unknown_words(0, 60), noisy(1, 500), noisy(2)], ids=["60", "500", "4,000"]
)
def test_parameters_are_those_of_the_least_loss(part: HeldOut) -> None:
    found = fit_temperature([part])
    logits = part.logits[:, :OUTSIDE].astype(float)
    below, right = logits - logits.max(axis=1, keepdims=True), logits.argmax(axis=1) == part.labels
    goal = np.where(right, (right.sum() + 1) / (right.sum() + 2), 1 / ((~right).sum() + 2))

    def loss(intercept: float, gap: float, unknown: float) -> float:
        powers = intercept + gap * np.log1p(-below.mean(axis=1)) + unknown * part.oov_shares
        best = 1 / np.exp(below / np.exp(powers)[:, None]).sum(axis=1)
        likelihood = (goal * np.log(best) + (1 - goal) * np.log(1 - best)).sum()
        prior = (gap**2 + unknown**2) / 2  # of both slopes, a normal distribution; it weighs as much as one text
        return float(prior - likelihood + MEAN_WEIGHT * len(goal) * (best - goal).mean() ** 2)

    place = np.array([found.intercept, found.gap_slope, found.unknown_slope])
    for axis in np.eye(3):
        assert loss(*place) <= min(loss(*(place + 0.01 * axis)), loss(*(place - 0.01 * axis)))


def test_part_may_have_only_texts_with_a_topic_or_only_without() -> None:
    part = separable(0, 200, 50)
    inside, outside = part.inside, separable(1, 0, 50)
    fitted = fit_outside([part], Calibration(intercept=0), 0.05, others=[inside, outside])
    assert fitted.score > 0.5


def separable(seed: int, inside: int = 2_000, outside: int = 500) -> HeldOut:
    """Texts outside have a score 2 higher, with noise of 1, and 0.2 more of unknown words, with noise of 0.1."""
    rng = np.random.default_rng(seed)
    labels = np.concatenate([rng.integers(0, 46, inside), np.full(outside, OUTSIDE)])
    there = labels == OUTSIDE
    logits = rng.normal(0, 1, (len(labels), 46))
    logits[np.flatnonzero(~there), labels[~there]] += 4
    shares = np.clip(0.2 + 0.2 * there + rng.normal(0, 0.1, len(labels)), 0, 1)
    return held(logits, labels, 2 * there + rng.normal(0, 1, len(labels)), shares)


def test_outside_is_the_probability_where_half_of_the_texts_are() -> None:
    part, calibration = separable(0), Calibration(intercept=0)
    fitted = fit_outside([part], calibration, 0.05)
    assert fitted.score > 0.5
    assert fitted.confidence < 0
    assert fitted.unknown > 0
    fresh = separable(1, 2_000, 2_000)
    found = np.array(outside_probabilities(fresh, calibration, fitted))
    there = fresh.labels == OUTSIDE
    for low, high in ((0, 0.3), (0.3, 0.7), (0.7, 1)):
        some = (found >= low) & (found < high)
        assert there[some].mean() == pytest.approx(found[some].mean(), abs=0.08)


def test_parts_weigh_the_same_for_the_outside_class_however_many_texts_they_have() -> None:
    few, many, calibration = separable(0, 200, 50), separable(1, 2_000, 2_000), Calibration(intercept=0)
    many = HeldOut(many.logits * np.float32(0.5), many.labels, many.oov_shares, OUTSIDE)
    fitted = fit_outside([few, many], calibration, 0.05)
    again = HeldOut(*(np.concatenate([one, one]) for one in (few.logits, few.labels, few.oov_shares)), OUTSIDE)
    assert fit_outside([again, many], calibration, 0.05).score == pytest.approx(fitted.score, rel=0.02)
    assert fit_outside([few, many, many], calibration, 0.05).score != pytest.approx(fitted.score, rel=0.02)


def lost_answers(part: HeldOut, calibration: Calibration, fitted: Outside) -> float:
    """The share of the texts with a topic that are marked, although their most probable topic is right."""
    marked = np.array(outside_probabilities(part, calibration, fitted)) > fitted.threshold
    right = part.logits[:, :OUTSIDE].argmax(axis=1) == part.labels
    return float((marked & right).sum() / (part.labels != OUTSIDE).sum())


@pytest.mark.parametrize(("most_lost", "threshold_is_half"), [(0.01, False), (0.5, True)])
def test_threshold_loses_no_more_right_answers_than_promised_and_is_never_below_a_half(
    most_lost: float, threshold_is_half: bool
) -> None:
    part, calibration = separable(0), Calibration(intercept=0)
    fitted = fit_outside([part], calibration, most_lost, others=[separable(2)])
    marked = np.array(outside_probabilities(part, calibration, fitted)) > fitted.threshold
    there = part.labels == OUTSIDE
    assert marked[~there].mean() == pytest.approx(fitted.lost, abs=1e-3)
    assert marked[there].mean() == pytest.approx(fitted.found, abs=1e-3)
    lost = lost_answers(part, calibration, fitted)
    assert lost == pytest.approx(most_lost, abs=1e-3) or (threshold_is_half and lost < most_lost)
    assert (fitted.threshold == 0.5) is threshold_is_half


def test_marking_a_text_whose_topic_is_wrong_loses_nothing() -> None:
    part, calibration = separable(0), Calibration(intercept=0)
    fitted = fit_outside([part], calibration, 0.02)
    marked = np.array(outside_probabilities(part, calibration, fitted)) > fitted.threshold
    wrong = marked & (part.labels != OUTSIDE)
    assert wrong.sum() > 20
    labels = np.where(wrong, (part.labels + 1) % OUTSIDE, part.labels)
    again = fit_outside([HeldOut(part.logits, labels, part.oov_shares, OUTSIDE)], calibration, 0.02)
    assert again.threshold < fitted.threshold


def test_kinds_of_headlines_count_the_same_for_the_threshold_however_many_texts_they_have() -> None:
    few, many, calibration = separable(0, 400, 100), separable(1), Calibration(intercept=0)
    fitted = fit_outside([few, many], calibration, 0.02)
    lost = [lost_answers(part, calibration, fitted) for part in (few, many)]
    assert lost[1] > 1.5 * lost[0]  # so that the share of all texts would be another
    assert np.mean(lost) == pytest.approx(0.02, abs=2e-3)


def all_right(count: int, seed: int = 0) -> HeldOut:
    """Clear answers, all of them right, to texts most of which have a word without an id."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, count)
    scores = np.full((count, OUTSIDE), -9.0)
    scores[:, :4] = rng.normal(0, 0.2, (count, 4))
    scores[np.arange(count), labels] += rng.uniform(1.5, 3, count)
    return held(scores, labels, shares=rng.uniform(0, 0.3, count))


@pytest.mark.parametrize("count", [3, 30, 270])
def test_few_texts_without_an_error_leave_doubt(count: int) -> None:
    held_out = all_right(count)
    calibration = fit_temperature([held_out])
    assert held_out.probabilities(calibration).max(axis=1).mean() == pytest.approx((count + 1) / (count + 2), abs=0.03)
    assert abs(calibration.gap_slope) < 1
    assert abs(calibration.unknown_slope) < 1
    unclear = held_out.logits[:1].copy()
    unclear[0, :4] = [0.3, 0.2, 0.1, 0.0]
    assert HeldOut(unclear, held_out.labels[:1], np.ones(1, np.float32), OUTSIDE).probabilities(calibration).max() < 0.8


def test_texts_that_are_all_wrong_are_fitted_too() -> None:
    held_out = all_right(50)
    wrong = HeldOut(held_out.logits, (held_out.labels + 1) % 4, held_out.oov_shares, OUTSIDE)
    assert wrong.probabilities(fit_temperature([wrong])).max() < 0.5
