"""A model with which a text may have several labels, or none: independent probabilities, a threshold for each label."""

from pathlib import Path

import numpy as np
import pytest

from app.classifier import TopicClassifier, load_classifier
from app.classifier.errors import BundleError
from app.classifier.explanation import explain
from tests.any_bundles import numbered
from tests.tiny_bundle import seal, write_any_bundle

THRESHOLDS = (0.5, 0.5, 0.5, 0.01)
"""Of four labels; all texts are above the last one."""
HAS, LACKS = 1 / (1 + np.exp(-4)), 1 / (1 + np.exp(4))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "several" / "1"
    return write_any_bundle(folder, numbered(4), format=4, multi_label={"thresholds": THRESHOLDS})


@pytest.fixture(scope="module")
def classifier(bundle: Path) -> TopicClassifier:
    return load_classifier(bundle)


def test_probabilities_are_independent_of_each_other(classifier: TopicClassifier) -> None:
    alone, both = classifier.probabilities(classifier.encode(["word0", "word0 word1"]))
    assert alone == pytest.approx([HAS, LACKS, LACKS, LACKS], abs=1e-6)
    assert both == pytest.approx([HAS, HAS, LACKS, LACKS], abs=1e-6)


@pytest.mark.parametrize("top_k", [1, 4])
def test_labels_of_a_text_are_those_above_their_own_thresholds(classifier: TopicClassifier, top_k: int) -> None:
    texts = ["word2", "word1 word0", "word3", "none of these"]
    answers = classifier.classify(texts, top_k)
    assert [sorted(one.topic_set) for one in answers] == [[2, 3], [0, 1, 3], [3], []]
    assert [len(one.labels) for one in answers] == [top_k, top_k, top_k, 0]
    assert [classifier.classify([text], top_k)[0] for text in texts] == answers
    assert answers[0].topic_set == [2, 3]  # most probable first
    assert [classifier.predicted_labels(one) for one in answers] == [one.topic_set for one in answers]


def test_text_may_have_none_of_the_labels(tmp_path: Path) -> None:
    folder = write_any_bundle(tmp_path / "1", numbered(4), format=4, multi_label={"thresholds": [0.99] * 4})
    [answer] = load_classifier(folder).classify(["word0"])
    assert (answer.topic_set, answer.labels[0], answer.abstained) == ([], 0, None)


def test_words_are_explained_by_the_label_asked_for(classifier: TopicClassifier) -> None:
    explanation = explain(classifier, "word0 word1", "t1")
    assert [word.effect for word in explanation.words] == pytest.approx([0, HAS - LACKS], abs=1e-6)


def test_model_whose_last_layer_is_a_softmax_is_refused(tmp_path: Path) -> None:
    folder = write_any_bundle(tmp_path / "1", numbered(4))
    seal(folder, format=4, multi_label={"thresholds": THRESHOLDS})
    with pytest.raises(BundleError, match="its last layer, and no other, must be a sigmoid"):
        load_classifier(folder)
