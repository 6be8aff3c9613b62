import json
from pathlib import Path

import numpy as np
import pytest

from app.classifier import load_classifier
from training.data.corpus import Wire
from training.data.dataset import Dataset, Part
from training.errors import DataError
from training.evaluation.evaluate import answer, evaluate, measure, read_corpus_if_present, reliability
from training.evaluation.report import evaluation_report

PROBABILITIES = np.array(
    [[0.7, 0.1, 0.1, 0.1], [0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4], [0.1, 0.6, 0.2, 0.1]], np.float32
)
LABELS = np.array([0, 1, 0, 1])


def test_measures_are_those_worked_out_by_hand() -> None:
    found = measure(PROBABILITIES, LABELS, [(0,), (1, 0), (0, 2), (1,)])
    assert found.figures() == {
        "wires": 4,
        "accuracy": 0.5,
        "loss": pytest.approx(-np.log([0.7, 0.3, 0.1, 0.6]).mean()),
        "macro_f1": pytest.approx((0.5 + 2 / 3 + 0) / 3),  # topic 3 was predicted once, topic 2 does not occur
        "top3": 0.75,
        "any_topic_accuracy": 0.75,
        # one text each at 0.7 (right), 0.6 (right), and two at 0.4 (wrong) in one bin
        "ece": pytest.approx((0.3 + 0.4 + 2 * 0.4) / 4),
    }
    assert found.confusion.tolist() == [[1, 0, 0, 1], [1, 1, 0, 0], [0] * 4, [0] * 4]


def test_loss_of_certain_right_answers_is_no_negative_zero() -> None:
    assert str(measure(np.eye(2, dtype=np.float32), np.array([0, 1])).loss) == "0.0"


def test_skill_that_cannot_be_known_is_none() -> None:
    skills = measure(PROBABILITIES, LABELS).topics
    assert (skills[0].support, skills[0].precision, skills[0].recall) == (2, 0.5, 0.5)
    assert (skills[2].precision, skills[2].recall, skills[2].f1) == (None, None, None)
    assert (skills[3].precision, skills[3].recall, skills[3].f1) == (0.0, None, 0.0)


def test_topic_set_is_never_empty_and_its_coverage_counted() -> None:
    found = measure(PROBABILITIES, LABELS, threshold=0.3)
    assert (found.set_coverage, found.set_size) == (0.75, 1.5)  # sets 0 | 0 1 | 2 3 | 1, labels 0 1 0 1
    assert measure(PROBABILITIES, LABELS, threshold=0.9).set_size == 1


def test_reliability_leaves_empty_bins_out() -> None:
    bins = reliability(np.array([1.0, 0.99, 0.5]), np.array([True, False, True]))
    assert [(one.texts, one.accuracy) for one in bins] == [(1, 1.0), (2, 0.5)]
    assert bins[1].confidence == pytest.approx(0.995)


def test_figure_that_was_not_measured_is_left_out() -> None:
    assert "any_topic_accuracy" not in measure(PROBABILITIES, LABELS).figures()


def test_batches_answer_as_one(tiny_bundle: Path, small_set: Dataset) -> None:
    classifier = load_classifier(tiny_bundle)
    texts = small_set.test.texts
    np.testing.assert_allclose(answer(classifier, texts, 7), answer(classifier, texts), atol=1e-6)


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
    right = answer(classifier, small_set.test.texts).argmax(axis=1) == labels
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
    with pytest.raises(DataError, match="are not those of the 46-topic set"):
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
