"""A bundle's answers as arrays."""

from pathlib import Path

import numpy as np
import pytest

from app.classifier import load_classifier
from tests.any_bundles import numbered
from tests.tiny_bundle import write_any_bundle
from training.data.dataset import Dataset
from training.evaluation import predictions
from training.evaluation.measure import measure
from training.evaluation.predictions import given_labels, predict


def test_batches_answer_as_one(tiny_bundle: Path, small_set: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = load_classifier(tiny_bundle)
    texts = small_set.test.texts
    together, _ = predict(classifier, texts)
    monkeypatch.setattr(predictions, "_BATCH_ROWS", 7)
    np.testing.assert_allclose(predict(classifier, texts)[0], together, atol=1e-6)


TEXTS = ["word0", "word1 word2", "word0 word1 word3", "word4 word5 word6 word7"]


def test_labels_given_at_a_threshold_are_those_of_the_answer(tmp_path: Path) -> None:
    several = {"thresholds": [0.5] * 9}
    first = load_classifier(write_any_bundle(tmp_path / "first", numbered(9), format=4, multi_label=several))
    values = np.unique(first.probabilities(first.encode(TEXTS)))
    for number, value in enumerate(values.tolist()):  # a threshold that occurs, with more digits than an answer
        several = {"thresholds": [value] * 9}
        bundle = write_any_bundle(tmp_path / str(number), numbered(9), format=4, multi_label=several)
        classifier = load_classifier(bundle)
        given = given_labels(classifier, predict(classifier, TEXTS)[0])
        assert [set(np.flatnonzero(row)) for row in given] == [set(one.topic_set) for one in classifier.classify(TEXTS)]


def test_prediction_sets_at_a_threshold_are_those_of_the_answer(tmp_path: Path) -> None:
    first = load_classifier(write_any_bundle(tmp_path / "none", numbered(9)))
    values = np.unique(first.probabilities(first.encode(TEXTS)))
    for number, value in enumerate(values.tolist()):
        topic_set = {"coverage": 0.9, "threshold": value}
        classifier = load_classifier(write_any_bundle(tmp_path / str(number), numbered(9), topic_set=topic_set))
        sizes = [len(one.topic_set) for one in classifier.classify(TEXTS)]
        probabilities, _ = predict(classifier, TEXTS)
        found = measure(probabilities, np.zeros(len(TEXTS), int), threshold=value)
        assert found.set_size == np.mean(sizes)
