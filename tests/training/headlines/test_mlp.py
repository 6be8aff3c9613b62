from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from app.classifier.inference.products import Floats
from training.headlines import mlp
from training.headlines.mlp import Epoch, Layers, drop_words, train_networks
from training.headlines.recipe import Recipe
from training.history import History

OUTSIDE = 46
RECIPE = Recipe(hidden=8, networks=2, epochs=6, batch_size=16, learning_rate=0.02)
TEXTS = 120
ITSELF = sp.identity(50, np.float32, "csr")


def material(texts: int = TEXTS) -> tuple[sp.csr_matrix, Floats]:
    """Texts of one word, which determines their topic, one of ten, or that they are outside, one in twelve."""
    words = np.random.default_rng(0).integers(0, 12, texts)
    labels = np.where(words < 11, words, OUTSIDE)
    return sp.csr_matrix(np.eye(50, dtype=np.float32)[words]), np.eye(OUTSIDE + 1, dtype=np.float32)[labels]


def sparse(epoch: tuple[sp.csr_matrix, Floats]) -> Epoch:
    return epoch[0], sp.csr_matrix(epoch[1])


class Trained:
    """Records of one short training."""

    def __init__(self, seed: int, recipe: Any = RECIPE, held_out: bool = True) -> None:
        self.asked = 0
        self.told: list[tuple[int, int]] = []
        self.held_out = material(60)
        self.layers: Layers
        self.history: History
        self.layers, self.history = train_networks(
            recipe,
            self.epoch,
            ITSELF,
            topics=OUTSIDE,
            seed=seed,
            held_out=sparse(self.held_out) if held_out else None,
            on_step=self.tell,
        )

    def epoch(self) -> Epoch:
        self.asked += 1
        return sparse(material())

    def tell(self, done: int, of: int, _loss: float, _accuracy: float) -> None:
        self.told.append((done, of))


@pytest.fixture(scope="module")
def trained() -> Trained:
    return Trained(seed=1)


def test_loss_falls_and_accuracy_rises(trained: Trained) -> None:
    assert trained.history["loss"][-1] < 0.7 * trained.history["loss"][0]
    assert trained.layers.kernel.shape == (50, 16)
    assert trained.history["accuracy"][-1] > trained.history["accuracy"][0]
    assert trained.history["val_accuracy"][-1] > 0.5
    assert {name: len(values) for name, values in trained.history.items()} == dict.fromkeys(
        ("loss", "accuracy", "val_loss", "val_accuracy"), RECIPE.epochs
    )


def test_every_epoch_has_new_rows_and_every_step_is_reported(trained: Trained) -> None:
    assert trained.asked == RECIPE.epochs
    steps = len(trained.told)
    assert steps % RECIPE.epochs == 0
    assert trained.told == [(number, steps) for number in range(1, steps + 1)]


def test_held_out_figures_are_those_of_the_networks_together(trained: Trained) -> None:
    x, targets = trained.held_out
    inside = targets[:, OUTSIDE] == 0
    logits = trained.layers.logits(x).astype(np.float64)[inside, :OUTSIDE]
    targets = targets[inside, :OUTSIDE]
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    assert trained.history["val_loss"][-1] == pytest.approx(-log_p[targets == 1].mean(), rel=1e-4)
    right = logits.argmax(axis=1) == targets.argmax(axis=1)
    assert trained.history["val_accuracy"][-1] == pytest.approx(right.mean())


def test_last_unit_tells_texts_about_no_topic(trained: Trained) -> None:
    x, targets = trained.held_out
    scores = trained.layers.logits(x)[:, OUTSIDE]
    outside = targets[:, OUTSIDE] == 1
    assert 0 < outside.sum() < len(outside)
    assert scores[outside].min() > scores[~outside].max()


def test_score_of_logits_beyond_exp_is_finite() -> None:
    kernel, targets = np.zeros((3, OUTSIDE + 1)), np.zeros((4, OUTSIDE + 1))
    kernel[[0, 1], [0, 1]] = 2_000
    targets[[0, 1, 1, 2, 3], [0, 0, 1, 1, OUTSIDE]] = 1, 0.25, 0.75, 1, 1
    layers = Layers(np.eye(3), np.zeros(3), kernel, np.zeros(OUTSIDE + 1))
    x = sp.csr_matrix(np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1.0]]))
    loss, accuracy = mlp._score(layers, x, targets, OUTSIDE)  # the last text is about no topic
    assert (loss, accuracy) == (pytest.approx((0 + 0.25 * 2_000 + 2_000) / 3), pytest.approx(2 / 3))


def networks(**changes: Any) -> mlp._Networks:
    return mlp._Networks(replace(RECIPE, **changes), 70, OUTSIDE, OUTSIDE + 1, np.random.default_rng(1))


def test_mean_of_the_networks_answers_as_their_logits_on_average() -> None:
    expansion = sp.csr_matrix(np.random.default_rng(1).random((50, 70)).astype(np.float32))
    each = networks(networks=3)
    for weight in (each._bias.weight, each._out_bias.weight):
        weight[:] = np.random.default_rng(2).random(weight.shape)
    x, _ = material(9)
    hidden = np.maximum(x @ expansion @ each._kernel.weight + each._bias.weight, 0).reshape(9, 3, 8)
    logits = np.einsum("bnh,nht->bnt", hidden, each._out.weight) + each._out_bias.weight[:, 0]
    np.testing.assert_allclose(each.mean(expansion).logits(x), logits.mean(axis=1), rtol=1e-4)


def loss_of(each: mlp._Networks, x: Any, targets: Any) -> float:
    """The loss without dropout, in double precision."""
    hidden = np.maximum(x @ each._kernel.weight.astype(float) + each._bias.weight, 0).reshape(len(targets), 2, 8)
    units = np.einsum("bnh,nht->bnt", hidden, each._out.weight.astype(float)) + each._out_bias.weight[:, 0]
    logits, score = units[..., :OUTSIDE], units[..., OUTSIDE]
    log_p = logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))
    outside = targets[:, None, OUTSIDE]
    binary = outside * np.log1p(np.exp(-score)) + (1 - outside) * np.log1p(np.exp(score))
    return float(-(targets[:, None, :OUTSIDE] * log_p).sum() / len(targets) + binary.sum() / len(targets))


def test_gradients_are_those_of_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    each = networks(dropout=0.0)
    x, targets = sp.csr_matrix(np.random.default_rng(3).random((20, 70)).astype(np.float32)), material(20)[1]
    found: dict[int, Any] = {}

    def record(self: mlp._Adam, gradient: Any, _rate: float, rows: Any = slice(None)) -> None:
        found[id(self)] = (gradient, rows)

    monkeypatch.setattr(mlp._Adam, "update", record)
    each.step(x, targets, 0.1)
    for part in (each._kernel, each._bias, each._out, each._out_bias):
        gradient, rows = found[id(part)]
        whole = np.zeros_like(part.weight)
        whole[rows] = gradient
        for place in ((0,) * whole.ndim, (-1,) * whole.ndim):
            kept, losses = part.weight[place], []
            for shift in (1e-4, -1e-4):
                part.weight[place] = kept + shift
                losses.append(loss_of(each, x.toarray(), targets))
            part.weight[place] = kept
            assert whole[place] == pytest.approx((losses[0] - losses[1]) / 2e-4, rel=0.01, abs=1e-5)


def test_only_the_inputs_of_a_batch_are_updated() -> None:
    each = networks()
    before = each._kernel.weight.copy()
    x = sp.csr_matrix(([1.0, 1.0], ([0, 1], [3, 66])), shape=(2, 70), dtype=np.float32)
    each.step(x, material(2)[1], 0.1)
    assert set(np.flatnonzero((before != each._kernel.weight).any(axis=1))) <= {3, 66}
    assert not np.array_equal(before, each._kernel.weight)


def test_adam_steps_as_in_the_paper() -> None:
    adam = mlp._Adam(np.zeros(2, np.float32))
    first = second = np.zeros(2)
    weight = np.zeros(2)
    for step, gradient in enumerate(([1.0, -2.0], [0.5, 3.0], [-1.0, 0.0]), start=1):
        adam.update(np.array(gradient, np.float32), 0.01)
        first, second = 0.9 * first + 0.1 * np.array(gradient), 0.999 * second + 0.001 * np.square(gradient)
        weight -= 0.01 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    np.testing.assert_allclose(adam.weight, weight, rtol=1e-3)


def test_steps_are_those_of_keras() -> None:
    """Of the same networks, with the same loss and Keras's Adam, on batches that have every input."""
    import keras

    each = networks(dropout=0.0)
    units = keras.layers.EinsumDense("bnh,nht->bnt", (2, OUTSIDE + 1), bias_axes="nt")
    model = keras.Sequential([keras.Input((70,)), keras.layers.Dense(16, "relu"), keras.layers.Reshape((2, 8)), units])
    weights = (each._kernel, each._bias, each._out, each._out_bias)
    model.set_weights([one.weight.reshape(place.shape) for one, place in zip(weights, model.weights, strict=True)])

    def loss(targets: Any, logits: Any) -> Any:
        targets = keras.ops.repeat(keras.ops.expand_dims(targets, 1), 2, axis=1)
        topics = keras.ops.sum(targets[..., :OUTSIDE] * keras.ops.log_softmax(logits[..., :OUTSIDE]), axis=-1)
        binary = keras.ops.binary_crossentropy(targets[..., OUTSIDE], logits[..., OUTSIDE], from_logits=True)
        return keras.ops.sum(binary - topics, axis=-1)

    model.compile(keras.optimizers.Adam(0.01), loss)
    rng = np.random.default_rng(3)
    for _ in range(5):
        x, targets = rng.random((20, 70)).astype(np.float32), material(20)[1]
        model.train_on_batch(x, targets)
        each.step(sp.csr_matrix(x), targets, 0.01)
    for ours, theirs in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(ours.weight.reshape(theirs.shape), theirs, atol=2e-5)


def test_first_weights_are_as_far_from_zero_as_the_ones_of_a_text_ask_for() -> None:
    each = networks(hidden=64)
    for weights, limit in (
        (each._kernel.weight, (6 / (2_000 + 64)) ** 0.5),
        (each._out.weight, (6 / (64 + 47)) ** 0.5),
    ):
        assert 0.95 * limit < weights.max() <= limit
        assert -limit <= weights.min() < -0.95 * limit
    assert not each._bias.weight.any()
    assert not each._out_bias.weight.any()


def test_learning_rate_falls_to_nothing_after_the_last_step(monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []
    step = mlp._Networks.step

    def look(self: mlp._Networks, rows: Any, targets: Any, rate: float) -> Any:
        rates.append(rate)
        return step(self, rows, targets, rate)

    monkeypatch.setattr(mlp._Networks, "step", look)
    Trained(seed=1, recipe=replace(RECIPE, epochs=2), held_out=False)
    steps = 2 * 8  # 120 texts in batches of 16
    assert rates == pytest.approx([0.02 * (1 - number / steps) for number in range(steps)])


def test_same_seed_gives_the_same_weights(trained: Trained) -> None:
    again = Trained(seed=1, held_out=False)
    assert np.array_equal(again.layers.kernel, trained.layers.kernel)
    assert set(again.history) == {"loss", "accuracy"}


def test_another_seed_gives_other_weights(trained: Trained) -> None:
    assert not np.array_equal(Trained(seed=2).layers.kernel, trained.layers.kernel)


def test_words_are_dropped_at_a_rate_of_each_row() -> None:
    rows = sp.csr_matrix(np.ones((200, 100), np.float32))
    left = np.diff(drop_words(rows, 0.5, np.random.default_rng(0)).indptr)
    assert left.min() < 60
    assert left.max() > 95
    assert drop_words(rows, 0.0, np.random.default_rng(0)).nnz == rows.nnz


def test_text_about_no_topic_is_never_a_right_answer() -> None:
    targets = np.zeros((2, OUTSIDE + 1), np.float32)
    targets[0, 0] = targets[1, OUTSIDE] = 1
    _, right, inside, _ = networks()._softmax(np.zeros((2, 2, OUTSIDE + 1), np.float32), targets)
    assert (right, inside) == (2, 1)  # both networks answer the first topic to the first text
