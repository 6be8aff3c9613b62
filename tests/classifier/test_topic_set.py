"""Prediction sets of a bundle whose answers are computed by hand."""

from collections.abc import Callable

import pytest

from app.classifier import TopicClassifier, load_classifier
from tests.tiny_bundle import SHARES, write_sets_bundle

Load = Callable[..., TopicClassifier]


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Load:
    def load_one(threshold: float | None = 0.125, min_probability: float = 0.0) -> TopicClassifier:
        bundle = write_sets_bundle(tmp_path_factory.mktemp("sets") / "1", threshold)
        return load_classifier(bundle, min_probability=min_probability)

    return load_one


def codes(classifier: TopicClassifier, labels: list[int]) -> list[str]:
    return [classifier.topics[label].code for label in labels]


def sets(classifier: TopicClassifier, top_k: int = 5) -> dict[str, list[str]]:
    """The prediction set of each word, from one batch."""
    answers = classifier.classify(list(SHARES), top_k)
    return {word: codes(classifier, answer.topic_set) for word, answer in zip(SHARES, answers, strict=True)}


@pytest.mark.parametrize("word", SHARES)
def test_bundle_answers_the_shares_it_was_made_of(load: Load, word: str) -> None:
    classifier = load()
    [answer] = classifier.classify([word], 46)
    found = dict(zip(codes(classifier, answer.labels), answer.probabilities, strict=True))
    assert found == pytest.approx(dict.fromkeys(found, 0) | SHARES[word], abs=1e-6)


@pytest.mark.parametrize("top_k", [1, 2, 5, 46])
def test_set_holds_the_topics_at_or_above_the_threshold_whatever_top_k_is(load: Load, top_k: int) -> None:
    found = sets(load(0.125), top_k)
    assert found["certain"] == ["crude"]
    assert found["torn"] == ["gas", "crude"]
    assert found["vague"] == ["wheat", "grain", "rubber", "cocoa", "coffee"]
    assert sorted(found["even"]) == sorted(SHARES["even"])  # each is exactly at the threshold
    assert sorted(found["thirds"]) == sorted(SHARES["thirds"])


def test_one_text_alone_has_the_set_that_it_has_in_a_batch(load: Load) -> None:
    classifier = load()
    for word, expected in sets(classifier).items():
        [answer] = classifier.classify([word], 1)
        assert sorted(codes(classifier, answer.topic_set)) == sorted(expected)
        assert len(answer.labels) == len(answer.probabilities) == 1


def test_set_is_never_empty(load: Load) -> None:
    found = sets(load(0.95))
    assert {word: len(one) for word, one in found.items()} == dict.fromkeys(SHARES, 1)
    assert (found["certain"], found["torn"], found["vague"]) == (["crude"], ["gas"], ["wheat"])


def test_set_may_hold_every_topic(load: Load) -> None:
    assert len(sets(load(0.02))["anything"]) == 46


def test_share_that_rounds_up_to_the_threshold_is_in_the_set(load: Load) -> None:
    # 1/3 as float32 is 0.33333334, and 1 / 0.33333334 is just below 3, but a third topic must be possible.
    assert len(sets(load(0.33333334), top_k=1)["thirds"]) == 3
    assert len(sets(load(0.3333334), top_k=1)["thirds"]) == 1


def test_bundle_without_sets_gives_none(load: Load) -> None:
    assert list(sets(load(None)).values()) == [[]] * len(SHARES)


@pytest.mark.parametrize("text", ["", "unheard", "scarce"])
def test_text_without_a_known_word_has_no_set(load: Load, text: str) -> None:
    [answer, known] = load().classify([text, "certain"])
    assert (answer.labels, answer.topic_set, answer.abstained) == ([], [], "no_known_words")
    assert (len(known.topic_set), known.abstained) == (1, None)


def test_low_confidence_keeps_the_set_and_begins_below_the_least_probability(load: Load) -> None:
    answers = dict(zip(SHARES, load(min_probability=0.125).classify(list(SHARES)), strict=True))
    assert {word for word, one in answers.items() if one.abstained} == {"anything"}  # `even` has 0.125 exactly
    answers = dict(zip(SHARES, load(min_probability=0.2401).classify(list(SHARES)), strict=True))
    unsure = {word for word, one in answers.items() if one.abstained == "low_confidence"}
    assert unsure == {"vague", "even", "anything"}
    assert len(answers["vague"].topic_set) == 5
