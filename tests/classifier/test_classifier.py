from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classifier import TopicClassifier, UnknownTopicError, load_classifier
from app.classifier.classifier import softmax
from app.classifier.manifest import Calibration
from tests.tiny_bundle import COMMON, KEYWORDS, RARE_WORDS

VOCABULARY = [*COMMON, *(word for line in KEYWORDS.values() for word in line.split()), *RARE_WORDS, "unheard", "of"]
headlines = st.lists(st.sampled_from(VOCABULARY), max_size=15).map(" ".join)


@pytest.fixture(scope="module")
def classifier(tiny_bundle: Path) -> TopicClassifier:
    return load_classifier(tiny_bundle)


@given(st.lists(headlines, min_size=1, max_size=10))
def test_batched_answers_equal_single_answers(classifier: TopicClassifier, texts: list[str]) -> None:
    for one, text in zip(classifier.classify(texts, 46), texts, strict=True):
        (alone,) = classifier.classify([text], 46)
        by_label = dict(zip(one.labels, one.probabilities, strict=True))
        alone_by_label = dict(zip(alone.labels, alone.probabilities, strict=True))
        assert by_label == pytest.approx(alone_by_label, abs=1e-6)


@given(headlines)
def test_probabilities_sum_to_one_most_probable_first(classifier: TopicClassifier, text: str) -> None:
    (answer,) = classifier.classify([text], 46)
    if answer.encoded.known:
        assert sum(answer.probabilities) == pytest.approx(1, abs=1e-5)
        assert answer.probabilities == sorted(answer.probabilities, reverse=True)
        assert sorted(answer.labels) == list(range(46))
    else:
        assert (answer.labels, answer.probabilities, answer.abstained) == ([], [], "no_known_words")


@pytest.mark.parametrize("top_k", [1, 5, 46])
def test_top_k_answers_so_many_topics(classifier: TopicClassifier, top_k: int) -> None:
    (answer,) = classifier.classify(["oil prices rise"], top_k)
    assert len(answer.labels) == len(answer.probabilities) == top_k


def test_no_texts_no_answers(classifier: TopicClassifier) -> None:
    assert classifier.classify([]) == []


def test_unsure_answer_is_marked(tiny_bundle: Path) -> None:
    classifier = load_classifier(tiny_bundle, min_probability=0.9)
    sure, unsure = classifier.classify(["oil crude opec", "oil wheat coffee"])
    assert (sure.abstained, unsure.abstained) == (None, "low_confidence")
    assert unsure.labels


def test_label_of_unknown_code_is_refused(classifier: TopicClassifier) -> None:
    assert classifier.label("crude") == 16
    with pytest.raises(UnknownTopicError, match="'sports' is not a topic"):
        classifier.label("sports")


def test_calibration_cools_sure_texts_by_how_far_the_best_logit_is_above_the_mean() -> None:
    logits = np.array([[0.0, 0.0], [2.0, 0.0], [102.0, 100.0], [8.0, 0.0]], np.float32)
    flat = softmax(logits, Calibration(intercept=0.0, gap_slope=1.0))
    assert flat[:, 0] == pytest.approx([0.5, *(1 / (1 + np.exp(-gap / (1 + gap / 2))) for gap in (2, 2, 8))])


def test_softmax_survives_large_logits() -> None:
    probabilities = softmax(np.array([[1e4, 0.0, -1e4]], np.float32))
    assert probabilities.tolist() == [[1.0, 0.0, 0.0]]
