from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.svm import LinearSVC

from app.classifier.inference.products import Floats
from training.headlines.linear import svm
from training.headlines.linear.svm import chosen_rows, train_linear, train_ridge

OUTSIDE = 46


def learned(rows: Floats, labels: Any, others: Any = 0, penalties: Any = (1, 0), expansion: Any = None) -> Floats:
    count, features = rows.shape
    return train_linear(
        sp.csr_matrix(rows),
        sp.identity(features, np.float32, "csr") if expansion is None else sp.csr_matrix(np.float32(expansion)),
        labels,
        np.zeros((count, 47), np.bool_) | (others > 0),
        np.ones((count, 2)) * penalties,
        topics=OUTSIDE,
        seed=0,
    )


def told_by_words(labels: Any, features: int) -> Floats:
    """Rows that each contain the word with the number of its topic."""
    rows = np.zeros((len(labels), features), np.float32)
    rows[np.arange(len(labels)), labels] = 1
    return rows


def test_topics_are_learned_from_their_words_and_one_without_samples_scores_nothing() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 200) * 2  # topics 0, 2 and 4
    rows = told_by_words(labels, 6)
    rows[:, 5] = rng.random(200) < 0.5  # independent of the topic
    kernel = learned(rows, labels)
    assert kernel.shape == (6, 47)
    assert np.array_equal((rows @ kernel).argmax(axis=1), labels)
    assert np.all(kernel[:, [1, 3, *range(5, 47)]] == 0)


def test_further_topic_is_ignored_or_counts_with_the_given_weight() -> None:
    labels = np.array([0, 1] * 50)
    rows = told_by_words(labels, 3)
    rows[::4, 2] = 1  # half of those with topic 0, whose further topic is 1
    further = rows[:, 2:] * np.eye(47)[1]
    against, ignored = learned(rows, labels), learned(rows, labels, others=further)
    right = learned(rows, labels, others=further, penalties=(1, 0.5))
    assert against[2, 1] < -0.1
    assert abs(ignored[2, 1]) < 1e-6
    assert ignored[2, 0] > 0.1
    assert right[2, 1] > 0.1


def test_penalty_weights_a_row() -> None:
    labels = np.array([0] * 10 + [1] * 10 + [2] * 10)
    rows = told_by_words(np.array([0] * 20 + [1] * 10), 2)  # the same word with two labels
    kernel = learned(rows, labels, penalties=np.where(labels == 0, 0.5, 5.0)[:, None])
    assert kernel[0, 1] > kernel[0, 0]


def test_unseen_word_gets_weights_from_shared_ngrams() -> None:
    labels = np.array([0, 1] * 20)
    expansion = [[1, 0, 0, 0.5], [0, 1, 0, 0], [0, 0, 1, 0.5]]  # the first word and the last have an n-gram in common
    kernel = learned(told_by_words(labels, 3), labels, expansion=expansion)
    assert kernel[2, 0] > 0.05
    assert kernel[2, 1] < -0.05


def test_word_weight_depends_on_the_topic_and_not_on_rarity() -> None:
    labels = np.array([0] * 20 + [1] * 20)
    rows = told_by_words(labels, 4)
    rows[:4, 0] = 0
    rows[:2, 2] = 1  # two texts contain only a rare word,
    rows[[2, 3, 22, 23], 3] = 1  # and two only one that is as frequent in texts of the other topic
    kernel = learned(rows, labels)
    assert 0.2 < kernel[2, 0] < 0.6 * kernel[0, 0]  # as much as the common word by idf
    assert abs(kernel[3, 0]) < 0.1  # half of it by idf


def test_svm_has_no_intercept_and_the_seed_of_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, Any]] = []

    class Seen(LinearSVC):
        def __init__(self, **options: Any) -> None:
            made.append(options)
            super().__init__(**options)

    monkeypatch.setattr(svm, "LinearSVC", Seen)
    labels = np.array([0, 1] * 5)
    train_linear(
        sp.csr_matrix(told_by_words(labels, 2)),
        sp.identity(2, np.float32, "csr"),
        labels,
        np.zeros((10, 47), np.bool_),
        np.ones((10, 2)),
        topics=OUTSIDE,
        seed=7,
    )
    assert made == [{"dual": True, "fit_intercept": False, "random_state": 7}] * 2


def test_shares_sum_to_1_and_each_word_has_occurred_once_more() -> None:
    shares = np.exp(svm._log_share(np.array([0, 1, 6], np.float32)))
    assert shares.tolist() == pytest.approx([0.1, 0.2, 0.7])


def test_outside_texts_teach_the_last_column_and_no_topic() -> None:
    labels = np.array([0, 1] * 20)
    inside = told_by_words(labels, 4)
    outside = told_by_words(np.full(20, 2), 4)
    outside[:10, 0] = 1  # half of them have the word of the first topic, too
    kernel = learned(np.concatenate([inside, outside]), np.concatenate([labels, np.full(20, OUTSIDE)]))
    np.testing.assert_allclose(kernel[:, 1], learned(inside, labels)[:, 1], atol=0.1)
    assert kernel[0, 0] > 0.5
    assert kernel[2, OUTSIDE] > 0.5
    assert kernel[[0, 1], OUTSIDE].max() < 0
    assert not learned(inside, labels)[:, OUTSIDE].any()


def test_fewer_negatives_of_more_weight_teach_about_the_same() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 20, 2_000)
    rows = (rng.random((2_000, 40)) < 0.05).astype(np.float32)
    rows[np.arange(2_000), labels] = 1
    told: list[tuple[int, int]] = []
    kernels = [
        train_linear(
            sp.csr_matrix(rows),
            sp.identity(40, np.float32, "csr"),
            labels,
            np.zeros((2_000, 20), np.bool_),
            np.ones((2_000, 2)),
            topics=20,
            seed=0,
            most_negatives=most,
            on_topic=lambda done, of: told.append((done, of)),
        )
        for most in (None, 400)
    ]
    scores = [rows @ kernel for kernel in kernels]
    right = [(one.argmax(axis=1) == labels).mean() for one in scores]
    assert right[0] > 0.7
    assert right[1] == pytest.approx(right[0], abs=0.05)
    # Without the weights scores would be higher, because a topic has a fifth of its negatives.
    assert scores[1].mean() == pytest.approx(scores[0].mean(), abs=0.2)
    assert told[:2] == [(0, 20), (1, 20)]


def test_idf_weights_count_a_frequent_word_of_a_topic_less_than_a_rare_one() -> None:
    labels = np.tile([0, 1], 50)
    rows = np.zeros((100, 3), np.float32)
    rows[:, 0] = labels == 0  # in every text of the topic
    rows[::20, 1] = 1  # in a tenth of them
    rows[:, 2] = 1
    kernels = [
        train_linear(
            sp.csr_matrix(rows),
            sp.identity(3, np.float32, "csr"),
            labels,
            np.zeros((100, 2), bool),
            np.ones((100, 2)) * (1, 0),
            topics=2,
            seed=0,
            idf_weights=idf,
        )
        for idf in (False, True)
    ]
    by_ratio, by_idf = (abs(kernel[1, 0]) / abs(kernel[0, 0]) for kernel in kernels)
    assert by_idf > by_ratio
    assert all(((rows @ kernel).argmax(axis=1) == labels).all() for kernel in kernels)


def test_outside_class_does_not_depend_on_the_number_of_topics() -> None:
    labels = np.array([0, 1, 2] * 20)
    rows = told_by_words(labels, 4)
    rows[::6, 3] = 1

    def outside(topics: int) -> Floats:
        kernel = train_linear(
            sp.csr_matrix(rows),
            sp.identity(4, np.float32, "csr"),
            np.where(labels == 2, topics, labels),
            np.zeros((60, topics + 1), np.bool_),
            np.ones((60, 2)),
            topics=topics,
            seed=0,
        )
        return kernel[:, topics]

    np.testing.assert_allclose(outside(300), outside(OUTSIDE), atol=1e-6)


def test_counts_of_words_are_weighted_by_penalties_of_mean_1(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[Floats] = []
    log_share = svm._log_share
    monkeypatch.setattr(svm, "_log_share", lambda some: counts.append(some) or log_share(some))
    labels = np.array([0, 1] * 20)
    for penalties in (1.0, 4.0):
        learned(told_by_words(labels, 2), labels, penalties=np.where(labels == 0, penalties, 3 * penalties)[:, None])
    assert [some.tolist() for some in counts] == [[10, 0], [0, 30], [0, 30], [10, 0]] * 2


def ridge(rows: Floats, labels: list[int], expansion: Floats | None = None, units: int = 4) -> Floats:
    maps = np.eye(rows.shape[1], dtype=np.float32) if expansion is None else expansion
    return train_ridge(sp.csr_matrix(rows), sp.csr_matrix(maps), np.array(labels), units=units)


def test_kernel_is_that_of_the_closed_form_on_rows_of_length_1() -> None:
    rng = np.random.default_rng(0)
    rows = (rng.random((60, 12)) < 0.4).astype(np.float32)
    expansion = np.hstack([np.eye(12), rng.random((12, 5)) < 0.3]).astype(np.float32)
    labels = rng.integers(0, 3, 60)
    kernel = ridge(rows, labels.tolist(), expansion)
    inputs = rows / np.sqrt(np.maximum(rows.sum(axis=1, keepdims=True), 1)) @ expansion
    weights = np.linalg.solve(inputs.T @ inputs + np.eye(17), inputs.T @ np.eye(4)[labels])
    np.testing.assert_allclose(kernel, expansion @ weights, atol=2e-3)


def test_topics_without_a_row_and_the_outside_class_score_nothing() -> None:
    kernel = ridge(np.eye(3, dtype=np.float32), [0, 2, 2], units=5)
    assert kernel.dtype == np.float32
    np.testing.assert_allclose(kernel[:, [0, 2]], [[0.5, 0], [0, 0.5], [0, 0.5]], atol=1e-6)
    assert not kernel[:, [1, 3, 4]].any()


def test_one_topic_alone_is_ridge() -> None:
    assert ridge(np.eye(2, dtype=np.float32), [1, 1], units=2).tolist() == [[0, 0.5], [0, 0.5]]


def test_rows_are_copied_only_if_some_are_left_out() -> None:
    rows = sp.csr_matrix(np.eye(3, dtype=np.float32))
    assert chosen_rows(rows, np.array([True, True, True])) is rows
    assert chosen_rows(rows, np.array([True, False, True])).indices.tolist() == [0, 2]
