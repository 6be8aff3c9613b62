from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from app.classifier.network import Floats
from training.headlines import mlp
from training.headlines.mlp import Layers, drop_words, train_networks
from training.headlines.recipe import HEADLINES
from training.history import History

RECIPE = replace(HEADLINES, hidden=8, networks=2, epochs=6, batch_size=16, learning_rate=0.02)
TEXTS = 100
ITSELF = sp.identity(50, np.float32, "csr")

Epoch = tuple[sp.csr_matrix, Floats]


def material(texts: int = TEXTS) -> Epoch:
    """Texts of one word, which determines their topic, one of ten."""
    labels = np.random.default_rng(0).integers(0, 10, texts)
    return sp.csr_matrix(np.eye(50, dtype=np.float32)[labels]), np.eye(46, dtype=np.float32)[labels]


class Trained:
    """Records of one short training."""

    def __init__(self, seed: int, recipe: Any = RECIPE, held_out: bool = True) -> None:
        self.asked = self.told = 0
        self.expansions: list[sp.csr_matrix] = []
        self.held_out = material(60)
        self.layers: Layers
        self.history: History
        self.layers, self.history = train_networks(
            recipe, self.epoch, ITSELF, seed=seed, held_out=self.held_out if held_out else None, on_epoch=self.tell
        )

    def epoch(self) -> Epoch:
        self.asked += 1
        return material()

    def tell(self) -> None:
        self.told += 1


@pytest.fixture(scope="module")
def trained() -> Iterator[Trained]:
    """One training, with the expansion matrices that its networks used in `expansions`."""
    pytest.importorskip("keras")
    mean, expansions = mlp._mean, []

    def look(recipe: Any, model: Any, expansion: sp.csr_matrix) -> Layers:
        expansions.append(expansion)
        return mean(recipe, model, expansion)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mlp, "_mean", look)
        one = Trained(seed=1)
        one.expansions = expansions
        yield one


@pytest.fixture
def keras() -> Iterator[Any]:
    keras = pytest.importorskip("keras")
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    return keras


def test_networks_learn(trained: Trained) -> None:
    assert trained.history["loss"][-1] < 0.7 * trained.history["loss"][0]
    assert trained.layers.kernel.shape == (50, 16)
    assert trained.history["accuracy"][-1] > trained.history["accuracy"][0]
    assert trained.history["val_accuracy"][-1] > 0.5
    assert {name: len(values) for name, values in trained.history.items()} == dict.fromkeys(
        ("loss", "accuracy", "val_loss", "val_accuracy"), RECIPE.epochs
    )


def test_networks_learn_from_rows_three_times_as_long(trained: Trained) -> None:
    assert len(trained.expansions) == RECIPE.epochs + 1
    for expansion in trained.expansions:
        assert (expansion != 3 * ITSELF).nnz == 0


def test_every_epoch_has_new_rows_and_is_reported(trained: Trained) -> None:
    assert (trained.asked, trained.told) == (RECIPE.epochs, RECIPE.epochs)


def test_held_out_figures_are_those_of_the_networks_together(trained: Trained) -> None:
    x, targets = trained.held_out
    logits = trained.layers.logits(x).astype(np.float64)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    assert trained.history["val_loss"][-1] == pytest.approx(-log_p[targets == 1].mean(), rel=1e-4)
    right = logits.argmax(axis=1) == targets.argmax(axis=1)
    assert trained.history["val_accuracy"][-1] == pytest.approx(right.mean())


def test_score_of_logits_beyond_exp_is_finite() -> None:
    layers = Layers(np.eye(2) * 2_000, np.zeros(2), np.eye(2), np.zeros(2))
    x, targets = sp.csr_matrix(np.array([[1, 0], [0, 1], [1, 0.0]])), np.array([[1, 0], [0.25, 0.75], [0, 1]])
    loss, accuracy = mlp._score(layers, x, targets)
    assert (loss, accuracy) == (pytest.approx((0 + 0.25 * 2_000 + 2_000) / 3), pytest.approx(2 / 3))


def test_mean_of_the_networks_answers_as_their_logits_on_average(keras: Any) -> None:
    expansion = sp.csr_matrix(np.random.default_rng(1).random((50, 70)).astype(np.float32))
    model = mlp._model(replace(RECIPE, networks=3), (TEXTS, 70), keras)
    biases = [np.random.default_rng(2).random(weight.shape) for weight in model.get_weights()]
    model.set_weights(biases)
    x, _ = material(9)
    each = np.asarray(model(np.asarray((x @ expansion).todense()), training=False))
    assert each.shape == (9, 3, 46)
    np.testing.assert_allclose(
        mlp._mean(replace(RECIPE, networks=3), model, expansion).logits(x), each.mean(axis=1), rtol=1e-4
    )


def test_first_weights_are_as_far_from_zero_as_the_ones_of_a_text_ask_for(keras: Any) -> None:
    model = mlp._model(replace(RECIPE, hidden=64), (TEXTS, 500), keras)
    kernel, bias, out, out_bias = model.get_weights()
    for weights, limit in ((kernel, (6 / (2_000 + 64)) ** 0.5), (out, (6 / (64 + 46)) ** 0.5)):
        assert 0.95 * limit < weights.max() <= limit
        assert -limit <= weights.min() < -0.95 * limit
    assert model.inputs[0].sparse
    assert not bias.any()
    assert not out_bias.any()
    assert [layer.rate for layer in model.layers if hasattr(layer, "rate")] == [RECIPE.dropout]


@pytest.mark.parametrize(("texts", "steps"), [(96, 6), (97, 7), (16, 1), (1, 1)])
def test_learning_rate_falls_to_nothing_at_the_last_step(keras: Any, texts: int, steps: int) -> None:
    rate = mlp._model(RECIPE, (texts, 5), keras).optimizer._learning_rate
    assert float(rate(0)) == pytest.approx(RECIPE.learning_rate)
    last = steps * RECIPE.epochs
    assert float(rate(last - 1)) == pytest.approx(RECIPE.learning_rate / last, rel=1e-3)
    assert float(rate(last)) == 0


@pytest.mark.slow
def test_same_seed_gives_the_same_weights(trained: Trained) -> None:
    again = Trained(seed=1, held_out=False)
    assert np.array_equal(again.layers.kernel, trained.layers.kernel)
    assert set(again.history) == {"loss", "accuracy"}


@pytest.mark.slow
def test_another_seed_gives_other_weights(trained: Trained) -> None:
    assert not np.array_equal(Trained(seed=2).layers.kernel, trained.layers.kernel)


def test_columns_are_put_in_order() -> None:
    rows = sp.csr_matrix((np.ones(2, np.float32), [3, 1], [0, 2]), shape=(1, 4))
    assert mlp._sorted(rows).indices.tolist() == [1, 3]


def test_words_are_dropped_at_a_rate_of_each_row() -> None:
    rows = sp.csr_matrix(np.ones((200, 100), np.float32))
    left = np.diff(drop_words(rows, 0.5, np.random.default_rng(0)).indptr)
    assert left.min() < 60
    assert left.max() > 95
    assert drop_words(rows, 0.0, np.random.default_rng(0)).nnz == rows.nnz
