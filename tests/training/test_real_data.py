"""Encoder, network and shipped bundle of the book, verified on the real wires."""

import json

import numpy as np
import pytest

from app.classifier import TopicClassifier, load_classifier
from app.classifier.encoding import Encoder
from app.classifier.manifest import EncodingSpec
from tests.real_data import ARCHIVE, DATA, REPOSITORY, needs_data
from training.book.chance_baselines import majority_accuracy, shuffled_accuracy
from training.data.corpus import Wire, read_corpus
from training.data.dataset import Dataset, load_dataset
from training.evaluation.evaluate import evaluate
from training.evaluation.predictions import predict

BOOK = REPOSITORY / "models" / "book" / "1"

pytestmark = [needs_data, pytest.mark.slow]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return load_dataset(DATA)


@pytest.fixture(scope="module")
def corpus() -> tuple[Wire, ...]:
    return read_corpus(ARCHIVE)


@pytest.fixture(scope="module")
def book() -> TopicClassifier:
    return load_classifier(BOOK)


def test_set_has_the_published_size(dataset: Dataset) -> None:
    assert (len(dataset.train.texts), len(dataset.test.texts)) == (8_982, 2_246)


def test_ids_are_those_that_keras_gives(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    keras = pytest.importorskip("keras")
    # The data set was rebuilt, so its hash differs from that of the official file; only the download is skipped.
    monkeypatch.setattr("keras.src.datasets.reuters.get_file", lambda *_, **__: str(DATA / "keras" / "reuters.npz"))
    (x_train, y_train), (x_test, y_test) = keras.datasets.reuters.load_data(num_words=10_000)
    encoder = Encoder(EncodingSpec(), dataset.word_index)
    assert dataset.train.sequences(encoder) == list(x_train)
    assert dataset.test.sequences(encoder) == list(x_test)
    assert np.array_equal([*dataset.train.labels, *dataset.test.labels], [*y_train, *y_test])


def test_encoder_gives_the_ids_of_the_set_on_every_raw_wire(dataset: Dataset, corpus: tuple[Wire, ...]) -> None:
    encoder = Encoder(EncodingSpec(), dataset.word_index)
    ids = [*dataset.train.sequences(encoder), *dataset.test.sequences(encoder)]
    assert len(corpus) == len(ids) == 11_228
    differing = [w.number for w, one in zip(corpus, ids, strict=True) if encoder.sequence(w.keras_text) != one]
    assert differing == []
    # The service's way gives the same ids, each once.
    assert [encoder.encode(w.keras_text).ids for w in corpus] == [sorted({*one}) for one in ids]


def test_labels_and_split_of_the_archive_are_those_of_the_set(dataset: Dataset, corpus: tuple[Wire, ...]) -> None:
    assert [wire.label for wire in corpus] == [*dataset.train.labels.tolist(), *dataset.test.labels.tolist()]


def test_numpy_and_keras_agree_on_every_test_wire(book: TopicClassifier, dataset: Dataset) -> None:
    pytest.importorskip("keras")
    by_keras = predict(load_classifier(BOOK, runtime="keras"), dataset.test.texts)[0]
    by_numpy = predict(book, dataset.test.texts)[0]
    assert by_numpy.shape == (2_246, 46)
    assert np.abs(by_numpy - by_keras).max() < 1e-5


def test_shipped_bundle_scores_what_its_manifest_claims(
    book: TopicClassifier, dataset: Dataset, corpus: tuple[Wire, ...]
) -> None:
    measured = evaluate(book, dataset, corpus)
    claimed = book.bundle.manifest.figures
    for part in ("test", "own_body"):
        found = measured[part].figures()
        assert {name: found[name] for name in claimed[part]} == pytest.approx(claimed[part], abs=1e-4)
    assert measured["own_body"].texts == 2_039
    for topic, skill in zip(book.topics, measured["test"].topics, strict=True):
        assert (topic.precision, topic.recall) == (pytest.approx(skill.precision), pytest.approx(skill.recall))


def test_shipped_bundle_was_trained_on_this_set(book: TopicClassifier, dataset: Dataset) -> None:
    manifest = book.bundle.manifest
    assert manifest.data["sha256"] == dataset.files
    assert [topic.support for topic in manifest.topics] == np.bincount(dataset.train.labels[1_000:]).tolist()


def test_five_seeds_reach_the_published_accuracy(book: TopicClassifier) -> None:
    seeds = book.bundle.manifest.figures["seeds"]
    assert len(book.bundle.manifest.recipe["seeds"]) == 5
    assert seeds["accuracy"]["mean"] >= 0.775
    assert seeds["loss"]["mean"] <= 1.02


def test_chance_is_what_the_book_says(dataset: Dataset) -> None:
    assert shuffled_accuracy(dataset.test.labels, 1) == pytest.approx(0.19, abs=0.02)
    assert majority_accuracy(dataset.train.labels, dataset.test.labels) == pytest.approx(0.362, abs=0.001)


def test_comparison_holds_what_the_book_says_of_its_variants() -> None:
    rows = json.loads((REPOSITORY / "docs" / "book" / "compare.json").read_text())["rows"]
    accuracy = {row["name"]: row["accuracy"]["mean"] for row in rows}
    assert accuracy["bottleneck-4"] < accuracy["units-16"] < accuracy["units-32"] < accuracy["book"]
    assert accuracy["integer-labels"] == pytest.approx(accuracy["book"], abs=1e-3)
