"""Calibration and thresholds of a model whose texts may have several labels."""

import numpy as np
import pytest
import scipy.sparse as sp

from app.classifier.calibration import sigmoid
from app.classifier.networks.dense_network import Dense, DenseNetwork
from training.evaluation.multi_label import micro_f1
from training.headlines.linear.svm import train_linear
from training.headlines.mlp import train_networks
from training.headlines.multi_label import fit_labels, fit_threshold
from training.headlines.recipe import Recipe

SLOPES, INTERCEPTS = np.array([0.5, 2.0, 1.0, 1.0]), np.array([-1.0, 0.0, -2.0, -4.0])


def drawn(texts: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits of texts, and labels that they have with probabilities by SLOPES and INTERCEPTS."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (texts, 4)).astype(np.float32)
    return logits, rng.random((texts, 4)) < sigmoid(logits * SLOPES + INTERCEPTS)


def test_each_label_has_the_slope_and_the_intercept_of_its_texts() -> None:
    found = fit_labels(*drawn(20_000))
    assert found.slopes == pytest.approx(SLOPES, rel=0.1)
    assert found.intercepts == pytest.approx(INTERCEPTS, abs=0.15)


def test_label_without_a_text_stays_near_the_others() -> None:
    logits, members = drawn(300)
    members[:, 3] = False
    found = fit_labels(logits, members)
    assert np.isfinite([found.slopes, found.intercepts]).all()
    assert 0.1 <= found.slopes[3] < 3
    assert -8 < found.intercepts[3] < -2


def test_separable_labels_have_finite_weights() -> None:
    logits = np.array([[-3.0], [-2.0], [2.0], [3.0]] * 5, np.float32)
    found = fit_labels(logits, logits > 0)
    assert np.isfinite([found.slopes, found.intercepts]).all()


def test_calibration_is_in_the_weights_of_the_last_layer() -> None:
    logits, members = drawn(300)
    found = fit_labels(logits, members)
    rng = np.random.default_rng(1)
    layers = (
        Dense(rng.normal(size=(6, 5)).astype(np.float32), np.zeros(5, np.float32), "relu"),
        Dense(rng.normal(size=(5, 4)).astype(np.float32), np.ones(4, np.float32), "linear"),
    )
    ids = [[1, 2], [0, 5]]
    expected = found.logits(DenseNetwork(layers).logits(ids))
    assert DenseNetwork(found.into(layers)).logits(ids) == pytest.approx(expected, abs=1e-5)


def test_threshold_is_the_one_with_the_highest_f1_of_all_labels() -> None:
    logits, members = drawn(20_000)
    probabilities = sigmoid((logits * SLOPES + INTERCEPTS).astype(np.float32))
    threshold = fit_threshold(probabilities, members)
    best = micro_f1(probabilities >= threshold, members)
    assert best > max(micro_f1(probabilities >= one, members) for one in (0.2, 0.3, 0.4, 0.5)) - 0.003
    assert threshold == pytest.approx(best / 2, abs=0.001)


def test_threshold_is_lower_if_texts_lack_labels() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(-4, 4, (4_000, 4)).astype(np.float32)
    sure = rng.random(logits.shape) < sigmoid(3 * logits)
    members = sure & (rng.random(logits.shape) < 0.85)
    probabilities = sigmoid(fit_labels(logits, members).logits(logits))
    half = 0.5
    for _ in range(50):
        half = micro_f1(probabilities >= half, members) / 2
    threshold = fit_threshold(probabilities, members)
    assert threshold < half - 0.1
    assert micro_f1(probabilities >= threshold, members) > micro_f1(probabilities >= half, members) + 0.01


def test_threshold_stays_within_bounds_where_nothing_or_all_is_known() -> None:
    members = np.eye(4, dtype=bool)
    assert fit_threshold(members.astype(np.float32), members) == 0.5
    assert fit_threshold((~members).astype(np.float32), members) == 0.05


def several(texts: int) -> tuple[sp.csr_matrix, np.ndarray]:
    """Texts of words 0 to 4, which are their labels, and of others; each has a word with a chance of 0.4."""
    rng = np.random.default_rng(0)
    rows = (rng.random((texts, 12)) < 0.4).astype(np.float32)
    return sp.csr_matrix(rows), rows[:, :5] > 0


def test_networks_learn_labels_that_are_independent_of_each_other() -> None:
    rows, members = several(400)
    recipe = Recipe(hidden=8, networks=2, epochs=12, batch_size=16, learning_rate=0.02, dropout=0.0)
    epoch = rows, sp.csr_matrix(members, dtype=np.float32)
    layers, history = train_networks(recipe, lambda: epoch, sp.identity(12, np.float32, "csr"), topics=0, seed=1)
    assert history["loss"][-1] < 0.2 * history["loss"][0]
    assert micro_f1(layers.logits(rows) > 0, members) > 0.98
    assert history["accuracy"][-1] > 0.95


def test_svm_of_a_label_learns_from_all_texts_also_those_without_any_label() -> None:
    rows, members = several(400)
    labels = np.where(members.any(axis=1), members.argmax(axis=1), 5)
    identity = sp.identity(12, np.float32, "csr")
    kernel = train_linear(rows, identity, labels, members, np.ones((400, 2)), topics=5, seed=0, multi_label=True)
    assert kernel.shape == (12, 5)
    assert micro_f1(rows @ kernel > 0, members) > 0.9
