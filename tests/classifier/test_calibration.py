import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from app.classifier import load_bundle, load_classifier
from app.classifier.calibration import Calibrator, temperatures
from app.classifier.manifest import Calibration


def test_temperature_is_a_power_of_the_gap() -> None:
    found = temperatures(Calibration(intercept=0.5, gap_slope=2.0), [0, 1, 3])
    assert found == pytest.approx([1.6487213, 1.6487213 * 4, 1.6487213 * 16])


def test_temperature_grows_with_the_share_of_words_out_of_vocabulary() -> None:
    calibration = Calibration(intercept=0.5, gap_slope=2.0, unknown_slope=3.0)
    gaps, shares = [1.0, 1.0, 3.0], [0.0, 0.5, 1.0]
    expected = [math.exp(0.5) * 4, math.exp(0.5 + 1.5) * 4, math.exp(0.5 + 3) * 16]
    assert temperatures(calibration, gaps, shares) == pytest.approx(expected)
    assert temperatures(calibration, gaps) == temperatures(calibration, gaps, [0.0] * 3)


@pytest.mark.parametrize("with_outside", [False, True])
def test_temperatures_are_those_of_the_probabilities(
    with_outside: bool, outside_bundle: Path, tiny_bundle: Path
) -> None:
    manifest = load_bundle(outside_bundle if with_outside else tiny_bundle).manifest
    changed = {"calibration": Calibration(intercept=0.5, gap_slope=1.0, unknown_slope=2.0)}
    calibrator = Calibrator(manifest.model_copy(update=changed))
    units = np.random.default_rng(1).normal(size=(3, len(manifest.topics) + with_outside)).astype(np.float32)
    units[:, -1] = 100 if with_outside else units[:, -1]  # the unit of the outside class has no part in the gap
    shares = [0.0, 0.5, 1.0]
    logits = units[:, : len(manifest.topics)] / calibrator.temperatures(units, shares)[:, None]
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert calibrator.topics(units, shares) == pytest.approx(expected, abs=1e-6)


def test_temperatures_without_a_calibration_are_1(tiny_bundle: Path) -> None:
    manifest = load_bundle(tiny_bundle).manifest.model_copy(update={"calibration": None})
    assert Calibrator(manifest).temperatures(np.zeros((2, 3), np.float32), [0.0, 1.0]).tolist() == [1, 1]


def test_outside_probability_is_the_same_with_and_without_a_ranking(outside_bundle: Path) -> None:
    classifier = load_classifier(outside_bundle)
    texts = [" ".join(one) for one in itertools.permutations(("wheat", "election", "oil", "zzyzx", "the"), 3)]
    found = classifier.infer(classifier.encode(texts))[1]
    assert found == [one.outside for one in classifier.classify(texts)]
