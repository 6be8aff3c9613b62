import json
from pathlib import Path

import numpy as np
import pytest

from app.classifier import load_classifier
from training.data.corpus import Wire
from training.data.dataset import Dataset, Part
from training.errors import DataError
from training.evaluation.evaluate import evaluate, read_corpus_if_present
from training.evaluation.predictions import predict
from training.evaluation.report import evaluation_report


def wires(labels: list[int]) -> list[Wire]:
    """A corpus with these labels in its test part; every third wire has no body of its own."""
    return [
        Wire(i, None, "text" if i % 3 else None, "text", ("x",), label, (label,), "test", i)
        for i, label in enumerate(labels)
    ][::-1]


def test_wires_with_their_own_body_are_marked(tiny_bundle: Path, small_set: Dataset) -> None:
    classifier, labels = load_classifier(tiny_bundle), small_set.test.labels
    measured = evaluate(classifier, small_set, wires(labels.tolist()))
    own = np.arange(len(labels)) % 3 != 0
    right = predict(classifier, small_set.test.texts)[0].argmax(axis=1) == labels
    assert measured["own_body"].texts == own.sum()
    assert measured["own_body"].accuracy == pytest.approx(right[own].mean())
    assert measured["test"].accuracy == pytest.approx(right.mean())
    assert measured["test"].accuracy > 0.9  # the wires were generated from its keywords


def test_each_part_is_measured_on_its_own_texts(tiny_bundle: Path) -> None:
    oil, wheat, gold = "crude opec", "wheat flour", "gold ounce"  # labels 16, 5 and 25
    words, titles, bodies, labels = zip(
        # the set's words, title, body, labels
        (oil, oil, oil, (16,)),
        (oil, oil, wheat, (16, 5)),
        (oil, wheat, None, (16, 5)),
        (oil, None, gold, (16,)),
        (wheat, wheat, gold, (5, 25)),
        (gold, oil, None, (5, 16)),
        strict=True,
    )
    test = [
        Wire(at, title, body, "the raw text", ("x",), topics[0], topics, "test", at)
        for at, (title, body, topics) in enumerate(zip(titles, bodies, labels, strict=True))
    ]
    train = [
        Wire(at, title, body, "the raw text", ("x",), 0, (0,), "train", at)
        for at, (title, body) in enumerate([("Wheat, FLOUR!", None), (None, oil), ("gold ounce", oil)], start=10)
    ]
    first = np.array([topics[0] for topics in labels])
    dataset = Dataset(Part((), np.array([], int)), Part(words, first), {}, {})
    measured = evaluate(load_classifier(tiny_bundle), dataset, [*train, *reversed(test)])
    assert {part: (one.texts, one.accuracy, one.any_topic_accuracy) for part, one in measured.items()} == {
        "test": (6, 5 / 6, 5 / 6),
        "own_body": (4, 1, 1),  # the set's words, of the wires that have a body
        "decoded_body": (4, 1 / 4, 3 / 4),
        "test_titles": (5, 3 / 5, 1),
        "repeated_titles": (2, 1 / 2, 1),
    }


def test_corpus_of_another_set_is_refused(tiny_bundle: Path, small_set: Dataset) -> None:
    with pytest.raises(DataError, match="are not those of the Keras data set"):
        evaluate(load_classifier(tiny_bundle), small_set, wires([0, 1]))


def test_archive_that_is_absent_gives_no_corpus(tmp_path: Path) -> None:
    assert read_corpus_if_present(tmp_path / "none.tar.gz") is None


def test_report_has_every_figure_and_topic(tiny_bundle: Path, small_set: Dataset) -> None:
    classifier = load_classifier(tiny_bundle)
    codes = [topic.code for topic in classifier.topics]
    report = evaluation_report(evaluate(classifier, small_set, None), codes)
    assert all(f"\n{code} " in report for code in codes)
    assert "official test wires" in report
    assert "own body" not in report
    assert json.dumps(evaluate(classifier, small_set, None)["test"].figures())
