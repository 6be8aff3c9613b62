"""The shipped headline bundle, verified on the real wires: its figures hold and are better than the book's."""

import numpy as np
import pytest

from app.classifier import TopicClassifier, load_bundle, load_classifier
from tests.real_data import ARCHIVE, DATA, REPOSITORY, needs_data
from training.data.corpus import Wire, read_corpus
from training.data.dataset import load_dataset
from training.data.lexicon import load_lexicon
from training.data.outside import read_outside
from training.data.topics import TOPICS
from training.evaluation.comparison.compare_bundles import compare_on_titles
from training.evaluation.evaluate import evaluate, evaluate_outside
from training.evaluation.measure import Evaluation
from training.evaluation.predictions import predict
from training.headlines.clusters.cluster_list import load_clusters
from training.headlines.vocabulary import build_encoder
from training.reuters.publish import lexicon_hash
from training.reuters.recipe import HEADLINES
from training.reuters.samples import lexicon_samples, make_samples, title_words
from training.reuters.train import clean

FOLDER = REPOSITORY / "models" / "headlines" / "7"

pytestmark = [needs_data, pytest.mark.slow]


@pytest.fixture(scope="module")
def corpus() -> tuple[Wire, ...]:
    return read_corpus(ARCHIVE)


@pytest.fixture(scope="module")
def headlines() -> TopicClassifier:
    return load_classifier(FOLDER)


@pytest.fixture(scope="module")
def measured(headlines: TopicClassifier, corpus: tuple[Wire, ...]) -> dict[str, Evaluation]:
    return evaluate(headlines, load_dataset(DATA), corpus)


def test_shipped_bundle_scores_what_its_manifest_claims(
    headlines: TopicClassifier, measured: dict[str, Evaluation]
) -> None:
    claimed = headlines.bundle.manifest.figures
    for part, evaluation in measured.items():
        figures = evaluation.figures()
        figures.pop("ece_by_chance")  # newer than the bundle
        assert figures == pytest.approx(claimed[part], abs=1e-4)
    texts = {part: evaluation.texts for part, evaluation in measured.items()}
    assert (texts["test"], texts["own_body"], texts["test_titles"]) == (2_246, 2_039, 2_234)
    for topic, skill in zip(headlines.topics, measured["test_titles"].topics, strict=True):
        assert (topic.precision, topic.recall) == (pytest.approx(skill.precision), pytest.approx(skill.recall))


def test_outside_class_does_what_its_manifest_claims(headlines: TopicClassifier, corpus: tuple[Wire, ...]) -> None:
    found = evaluate_outside(headlines, corpus, read_outside(ARCHIVE, corpus, "TEST"))
    assert found is not None
    assert found == pytest.approx(headlines.bundle.manifest.figures["outside"], abs=1e-4)
    assert found["auroc"] > 0.93
    assert found["found"] > 0.7
    assert found["lost"] < 0.08


def test_topic_set_holds_the_topic_nine_times_of_ten_and_is_small(measured: dict[str, Evaluation]) -> None:
    titles = measured["test_titles"]
    assert titles.set_coverage is not None
    assert titles.set_size is not None
    assert 0.89 <= titles.set_coverage <= 0.92
    assert titles.set_size < 1.3


def test_probabilities_mean_what_they_say(measured: dict[str, Evaluation]) -> None:
    assert measured["test_titles"].ece < 0.03
    assert measured["decoded_body"].ece < 0.035


def test_headlines_are_answered_far_better_than_by_the_book(
    headlines: TopicClassifier, corpus: tuple[Wire, ...]
) -> None:
    book = load_classifier(REPOSITORY / "models" / "book" / "1")
    comparison = compare_on_titles(book, headlines, corpus)
    assert comparison.better > 10 * comparison.worse
    assert comparison.p_value < 1e-50


def test_vocabulary_is_of_training_wires_lexicon_and_clusters_alone(
    headlines: TopicClassifier, corpus: tuple[Wire, ...]
) -> None:
    phrases = lexicon_samples(load_lexicon())
    if lexicon_hash(phrases) != headlines.bundle.manifest.data["sha256"]["lexicon"]:
        pytest.skip("the lexicon has changed since the bundle was trained")
    train = [wire for wire in corpus if wire.split == "train"]
    avoid = title_words(wire for wire in corpus if wire.split == "test")
    outside = clean(HEADLINES, train, read_outside(ARCHIVE, corpus))
    titles, bodies = make_samples([*train, *outside], avoid)
    least, clusters = HEADLINES.min_lexicon_texts, load_clusters()
    _, word_index = build_encoder(HEADLINES, [*titles, *bodies], phrases, len(TOPICS), least, clusters=clusters)
    assert load_bundle(headlines.bundle.path).word_index == word_index


def test_numpy_and_keras_agree_on_test_titles_and_bodies(headlines: TopicClassifier, corpus: tuple[Wire, ...]) -> None:
    pytest.importorskip("keras")
    test = [wire for wire in corpus if wire.split == "test"]
    texts = [text for wire in test for text in (wire.title, wire.body) if text]
    by_keras = predict(load_classifier(FOLDER, runtime="keras"), texts)[0]
    assert np.abs(predict(headlines, texts)[0] - by_keras).max() < 1e-5


def test_bundle_is_within_thirteen_megabytes() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) <= 13_000_000
