from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classifier import (
    TopicClassifier,
    UnknownTopicError,
    build_classifier,
    load_bundle,
    load_classifier,
)
from app.classifier.calibration import Calibrator, rounded, rounded_numbers, softmax
from app.classifier.inference.ranking import Ranking
from app.classifier.manifest import Calibration, Manifest, Outside
from tests import any_bundles
from tests.tiny_bundle import COMMON, KEYWORDS, OUTSIDE_WORDS, RARE_WORDS

MODELS = Path(__file__).parents[2] / "models"
VOCABULARY = [
    *COMMON,
    *(word for line in KEYWORDS.values() for word in line.split()),
    *RARE_WORDS,
    *OUTSIDE_WORDS,
    "unheard",
]
wires = st.lists(st.sampled_from(VOCABULARY), min_size=20, max_size=120).map(" ".join)
headlines = st.lists(st.sampled_from(VOCABULARY), max_size=15).map(" ".join)


@pytest.fixture(scope="module")
def classifier(tiny_bundle: Path) -> TopicClassifier:
    return load_classifier(tiny_bundle)


@pytest.fixture(scope="module")
def tiny(classifier: TopicClassifier) -> TopicClassifier:
    return classifier


@pytest.fixture(scope="module")
def outside(outside_bundle: Path) -> TopicClassifier:
    return load_classifier(outside_bundle)


@pytest.fixture(scope="module", name="headlines")
def headlines_model() -> TopicClassifier:
    return load_classifier(MODELS / "headlines" / "7")


@pytest.fixture(scope="module")
def book() -> TopicClassifier:
    return load_classifier(MODELS / "book" / "1")


@pytest.mark.parametrize("model", ["tiny", "outside", "headlines", "book"])
@given(texts=st.lists(st.one_of(headlines, wires), min_size=1, max_size=130), top_k=st.integers(1, 46))
def test_answer_is_the_same_whatever_else_is_in_the_batch(
    request: pytest.FixtureRequest, model: str, texts: list[str], top_k: int
) -> None:
    classifier = request.getfixturevalue(model)
    alone = [classifier.classify([text], top_k)[0] for text in texts]
    assert classifier.classify(texts, top_k) == alone
    assert classifier.classify(texts[::-1], top_k) == alone[::-1]
    encoded = classifier.encode(texts)
    probabilities, outside = classifier.infer(encoded)
    each = [classifier.infer([one]) for one in encoded]
    assert np.array_equal(probabilities, np.concatenate([one for one, _ in each]))
    assert outside is None or outside == [one[0] for _, one in each if one is not None]


@pytest.mark.parametrize("top_k", [1, 2, 46])
def test_topic_set_and_abstention_at_the_threshold_do_not_depend_on_the_batch(tiny_bundle: Path, top_k: int) -> None:
    texts = ["oil crude opec", "oil wheat coffee", "gold silver", "the of to said", "wheat harvest falls"]
    first = load_classifier(tiny_bundle)
    borders = {p for one in first.classify(texts) for p in one.probabilities[:2]}
    for border in borders:  # the threshold is a probability that occurs, to the last digit
        classifier = load_classifier(tiny_bundle, min_probability=border)
        classifier._threshold, classifier._ranking = border, Ranking(46, border, None)
        alone = [classifier.classify([text], top_k)[0] for text in texts]
        for times in (1, 3, 30):
            assert classifier.classify(texts * times, top_k) == alone * times


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


@pytest.mark.parametrize("kind", ["two", "four", "many", "hundreds", "several", "strange"])
def test_equal_topics_are_in_the_order_of_their_labels_whatever_else_is_asked(tmp_path: Path, kind: str) -> None:
    classifier = load_classifier(any_bundles.write(tmp_path / kind, kind))
    words = [word for _, word in any_bundles.BUNDLES[kind][0].values()]
    texts = [" ".join(words), " ".join(words[1::2]), " ".join(words[-2:])]
    topics = len(classifier.topics)
    whole = classifier.classify(texts, topics)
    for answer, probabilities in zip(whole, classifier.probabilities(classifier.encode(texts)), strict=True):
        assert answer.labels == (-probabilities).argsort(kind="stable").tolist()
        assert len(set(answer.probabilities)) <= 2  # so that many are equal
    for top_k in {1, 2, (topics + 1) // 2, topics}:
        first = [one._replace(labels=one.labels[:top_k], probabilities=one.probabilities[:top_k]) for one in whole]
        assert classifier.classify(texts, top_k) == first
        assert [classifier.classify([text], top_k)[0] for text in texts] == first


def test_five_topics_unless_asked_otherwise(classifier: TopicClassifier) -> None:
    texts = ["oil prices rise", "wheat"]
    for answers in (classifier.classify(texts), classifier.rank(classifier.encode(texts))):
        assert [len(answer.labels) for answer in answers] == [5, 5]


def test_no_texts_no_answers(classifier: TopicClassifier, outside: TopicClassifier) -> None:
    assert classifier.classify([]) == []
    assert classifier.probabilities([]).shape == (0, 46)
    assert classifier.infer([])[1] is None
    assert outside.infer([])[1] == []


@pytest.mark.parametrize("option", ["split_unspaced", "split_symbols", "split_marks"])
@pytest.mark.parametrize("copies", [1, 100])
def test_texts_are_split_by_the_options_of_the_encoding(pieces_bundle: Path, option: str, copies: int) -> None:
    bundle, texts = load_bundle(pieces_bundle), ["oil?", "oil中国👍!"] * copies
    spec = bundle.manifest.encoding.model_copy(update={"split_unspaced": False, option: True})
    manifest = bundle.manifest.model_copy(update={"encoding": spec})
    split = build_classifier(replace(bundle, manifest=manifest, golden=bundle.golden[:1]), "numpy", 0.0)
    encoded = split.encode(texts)
    assert [one.words for one in encoded] == [len(split.encoder.tokenize(text)) for text in texts]
    assert encoded[1].words > 1


def test_no_answer_is_unsure_unless_asked_otherwise(classifier: TopicClassifier, tiny_bundle: Path) -> None:
    bundle = load_bundle(tiny_bundle)
    plain = TopicClassifier(bundle, classifier._network)
    assert [one.abstained for one in plain.classify(["oil wheat coffee", "the of to"])] == [None, None]


def test_unsure_answer_is_marked(tiny_bundle: Path) -> None:
    classifier = load_classifier(tiny_bundle, min_probability=0.9)
    sure, unsure = classifier.classify(["oil crude opec", "oil wheat coffee"])
    assert (sure.abstained, unsure.abstained) == (None, "low_confidence")
    assert unsure.labels


def test_label_of_unknown_code_is_refused(classifier: TopicClassifier) -> None:
    assert classifier.label("crude") == 16
    with pytest.raises(UnknownTopicError, match="'sports' is not a topic"):
        classifier.label("sports")


def test_calibration_reduces_confidence_by_the_gap_of_the_best_logit_to_the_mean() -> None:
    logits = np.array([[0.0, 0.0], [2.0, 0.0], [102.0, 100.0], [8.0, 0.0]], np.float32)
    flat = softmax(logits, Calibration(intercept=0.0, gap_slope=1.0))
    assert flat[:, 0] == pytest.approx([0.5, *(1 / (1 + np.exp(-gap / (1 + gap / 2))) for gap in (2, 2, 8))])


@pytest.mark.parametrize("outside", [None, Outside(intercept=0, score=1, threshold=0.5)])
@pytest.mark.parametrize("calibration", [None, Calibration(intercept=0.3, gap_slope=0.6, unknown_slope=0.2)])
@pytest.mark.parametrize("topics", [1, 2, 7, 46, 129, 1000, 9000])
def test_probabilities_of_one_text_have_the_same_bits_as_among_others(
    topics: int, calibration: Calibration | None, outside: Outside | None
) -> None:
    calibrator = Calibrator(Manifest.model_construct(calibration=calibration, outside=outside, multi_label=None))
    units = np.random.default_rng(topics).normal(0, 8, (40, topics + (outside is not None))).astype(np.float32)
    shares = [number / 40 for number in range(40)]
    alone = [calibrator.topics_of_one(row, share) for row, share in zip(units, shares, strict=True)]
    assert np.array_equal(calibrator.topics(units, shares), alone)


def test_rounded_numbers_of_one_text_are_the_same_as_among_others() -> None:
    numbers = np.random.default_rng(1).random(20_000, np.float32)
    numbers[:6] = [0, 1, 5e-9, 1.5e-8, 1e-30, np.nextafter(np.float32(1), np.float32(0))]
    assert [rounded_numbers(numbers.tolist())] == rounded(numbers[None])


def test_softmax_survives_large_logits() -> None:
    probabilities = softmax(np.array([[1e4, 0.0, -1e4]], np.float32))
    assert probabilities.tolist() == [[1.0, 0.0, 0.0]]


def test_text_of_which_only_a_piece_is_known_has_an_answer(pieces_bundle: Path) -> None:
    classifier = load_classifier(pieces_bundle)
    read, not_read = classifier.classify(["OPEX", "brent zimbabwe"])
    assert (read.abstained, read.encoded.known, read.encoded.unknown) == (None, 0, ["opex"])
    assert read.labels[0] == classifier.label("crude")
    assert (not_read.abstained, not_read.labels, not_read.encoded.rare) == ("no_known_words", [], 1)


@given(st.lists(st.text("可豆油opecrl' \u0e43\u0e0a\u0e49", max_size=12), max_size=6))
def test_batch_with_pieces_has_the_answers_of_its_texts_alone(pieces_bundle: Path, texts: list[str]) -> None:
    classifier = load_classifier(pieces_bundle)
    assert classifier.classify(texts) == [classifier.classify([text])[0] for text in texts]
    many = [f"{text} opex{number} wheats 可豆" for number in range(60) for text in ["", *texts]]
    assert classifier.classify(many) == [classifier.classify([text])[0] for text in many]
