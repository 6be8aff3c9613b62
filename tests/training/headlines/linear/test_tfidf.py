from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from app.classifier.inference.products import Floats
from training.headlines.linear.tfidf import train_tfidf
from training.headlines.linear.train import train_svms
from training.headlines.recipe import Recipe
from training.headlines.samples import Sample
from training.headlines.training_set import TextKind, TrainingSet
from training.headlines.vocabulary import unit_length


def learned(rows: Floats, members: Any, topics: int, most_negatives: int | None = None) -> tuple[Floats, Floats]:
    count, features = rows.shape
    return train_tfidf(
        sp.csr_matrix(rows),
        sp.identity(features, np.float32, "csr"),
        np.asarray(members, np.bool_),
        np.ones(count),
        topics=topics,
        seed=0,
        most_negatives=most_negatives,
    )


def told_by_words(labels: Any, features: int) -> Floats:
    """Rows that each contain the word with the number of their topic, and the last word."""
    rows = np.zeros((len(labels), features), np.float32)
    rows[np.arange(len(labels)), labels] = rows[:, -1] = 1
    return rows


def test_topics_are_learned_from_two_texts_each_and_one_without_texts_scores_least() -> None:
    labels = np.arange(60) % 30
    rows = told_by_words(labels, 40)
    kernel, bias = learned(rows, np.eye(31)[labels], 31)
    scores = unit_length(sp.csr_matrix(rows)) @ kernel + bias
    assert np.array_equal(scores.argmax(axis=1), labels)
    assert not kernel[:, 30].any()
    assert bias.argmin() == 30


def test_scores_of_a_text_are_near_one_for_its_topic_and_near_minus_one_for_others() -> None:
    labels = np.arange(200) % 2
    kernel, bias = learned(told_by_words(labels, 3), np.eye(2)[labels], 2)
    scores = unit_length(sp.csr_matrix(told_by_words(labels, 3))) @ kernel + bias
    np.testing.assert_allclose(scores, 2 * np.eye(2)[labels] - 1, atol=0.15)


def test_texts_without_features_are_told_by_how_frequent_their_topics_are() -> None:
    kernel, bias = learned(np.zeros((20, 3), np.float32), np.eye(2)[np.arange(20) % 4 // 3], 2)
    assert not kernel.any()
    assert bias[0] > bias[1]


def test_bias_is_half_of_the_intercept() -> None:
    labels = np.array([0] * 5 + [1] * 95)  # without a word of their own: only the intercept tells how rare a topic is
    _, bias = learned(np.ones((100, 1), np.float32), np.eye(2)[labels], 2)
    assert -0.5 < bias[0] < -0.15
    assert bias[1] == pytest.approx(-bias[0], abs=1e-3)


def test_word_of_many_texts_counts_less_than_one_of_few() -> None:
    labels = np.arange(100) % 2
    rows = told_by_words(labels, 4)
    rows[:, 3] = 0
    rows[::20, 2] = 1  # in a tenth of the texts of topic 0, beside the word that all of them have
    kernel, _ = learned(rows, np.eye(2)[labels], 2)
    assert kernel[2, 0] > 0.1 * kernel[0, 0]


def test_topics_do_not_learn_from_texts_of_the_outside_class() -> None:
    labels = np.arange(90) % 3
    rows = told_by_words(labels, 4)
    kernel, bias = learned(rows, np.eye(3)[labels], 2)
    inside, inside_bias = learned(rows[labels < 2], np.eye(2)[labels[labels < 2]], 2)
    assert np.all(kernel[2, :2] == 0)
    assert np.sign(kernel[:2, :2]).tolist() == np.sign(inside[:2]).tolist()
    np.testing.assert_allclose(bias[:2], inside_bias, atol=0.05)
    assert kernel[2, 2] > 0.1


def test_rows_without_features_are_harmless() -> None:
    labels = np.arange(40) % 2
    rows = told_by_words(labels, 3)
    rows[:2] = 0
    kernel, bias = learned(rows, np.eye(2)[labels], 2)
    assert np.isfinite(kernel).all()
    assert np.isfinite(bias).all()


def test_several_labels_of_a_text_are_learned_from_all_texts() -> None:
    rows = np.float32(np.random.default_rng(0).random((200, 4)) < 0.5)
    kernel, bias = learned(rows, rows > 0, 4)
    scores = unit_length(sp.csr_matrix(rows)) @ kernel + bias
    assert ((scores > 0) == (rows > 0)).mean() > 0.95


def test_fewer_negatives_of_more_weight_teach_about_the_same() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 20, 2_000)
    rows = (rng.random((2_000, 40)) < 0.05).astype(np.float32)
    rows[np.arange(2_000), labels] = 1
    members = np.eye(20)[labels]
    (kernel, bias), (fewer, bias_of_fewer) = (learned(rows, members, 20, most) for most in (None, 400))
    x = unit_length(sp.csr_matrix(rows))
    scores, scores_of_fewer = x @ kernel + bias, x @ fewer + bias_of_fewer
    right = (scores.argmax(axis=1) == labels).mean()
    assert right > 0.7
    assert not np.array_equal(kernel, fewer)
    assert (scores_of_fewer.argmax(axis=1) == labels).mean() == pytest.approx(right, abs=0.1)
    assert scores_of_fewer.mean() == pytest.approx(scores.mean(), abs=0.1)


def test_recipe_limits_the_negatives() -> None:
    rng = np.random.default_rng(0)
    samples = tuple(Sample((f"word{number}",), (number,)) for number in rng.integers(0, 5, 200).tolist())
    rows = (rng.random((200, 8)) < 0.4).astype(np.float32)
    kernels = [
        train_svms(
            Recipe(feature_weights="tfidf", most_negatives=most_negatives),
            TrainingSet((TextKind(samples, (1.0, 0.0)),), 5),
            samples,
            x=sp.csr_matrix(rows),
            expansion=sp.identity(8, np.float32, "csr"),
            penalties=np.ones((200, 2)),
            seed=0,
        )[0]
        for most_negatives in (None, 200, 20)
    ]
    assert np.array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[0], kernels[2])
