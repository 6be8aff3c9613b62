import itertools
import math
from pathlib import Path

import pytest

from app.classifier import load_classifier
from app.classifier.calibration import temperatures
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


def test_outside_probability_is_the_same_with_and_without_a_ranking(outside_bundle: Path) -> None:
    classifier = load_classifier(outside_bundle)
    texts = [" ".join(one) for one in itertools.permutations(("wheat", "election", "oil", "zzyzx", "the"), 3)]
    found = classifier.infer(classifier.encode(texts))[1]
    assert found == [one.outside for one in classifier.classify(texts)]
