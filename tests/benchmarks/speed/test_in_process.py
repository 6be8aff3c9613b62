"""Times of the service and of other runtimes in one process."""

from pathlib import Path

import pytest

from app.classifier import TopicClassifier, load_classifier
from benchmarks.machine import MeasurementError
from benchmarks.speed.in_process import times

TEXTS = ["gold falls", "oil rises as opec meets"]


@pytest.fixture
def classifier(tiny_bundle: Path) -> TopicClassifier:
    return load_classifier(tiny_bundle)


def test_every_step_and_runtime_is_timed(classifier: TopicClassifier):
    same = [[(result.labels[0], 1.0)] for result in classifier.classify(TEXTS)]
    measured = times(classifier, {"other": lambda _: same}, TEXTS, 0.0)
    assert list(measured) == ["encode", "network", "rank", "classify", "to JSON", "other"]
    assert min(measured.values()) > 0


def test_runtime_with_another_answer_is_refused(classifier: TopicClassifier):
    with pytest.raises(MeasurementError, match="other answers 'gold falls' differently"):
        times(classifier, {"other": lambda texts: [[(-1, 1.0)] for _ in texts]}, TEXTS, 0.0)
