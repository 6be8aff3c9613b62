"""Cost factors of tenfold inputs."""

import pytest

from app.classifier import load_bundle
from benchmarks.scaling.growth import random_classifier, tenfold


def points(cost):
    return [{"x": x, "microseconds": cost(x)} for x in (1, 10, 100, 1_000)]


def test_linear_cost_is_tenfold_whatever_the_fixed_part():
    assert tenfold(points(lambda x: 40 + 3 * x)) == pytest.approx([10, 10])


def test_quadratic_cost_is_far_more():
    assert min(tenfold(points(lambda x: x * x))) > 50


def test_fixed_part_is_never_negative():
    assert tenfold(points(lambda x: x**1.05)) == pytest.approx([10**1.05] * 2)


@pytest.mark.parametrize("fixture", ["tiny_bundle", "outside_bundle"])
def test_random_classifier_has_the_vocabulary_and_width_asked_for(fixture, request):
    manifest = load_bundle(request.getfixturevalue(fixture)).manifest
    classifier = random_classifier(manifest, words=50, width=8)
    [known, unknown] = classifier.classify(["w1 w50", "w51"])
    assert known.encoded.known == 2
    assert unknown.abstained == "no_known_words"
