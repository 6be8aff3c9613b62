"""The other half: small Keras networks side by side, whose logits are averaged."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from app.classifier.network import Floats
from training.data.topics import TOPICS
from training.headlines.recipe import HeadlinesRecipe
from training.history import History

Epoch = tuple[sp.csr_matrix, Floats]
"""Inputs and targets of one epoch."""

ACTIVE = 2_000
"""A kernel sees a hundred or so ones and not 20,000: Glorot's limit for them all would start it near zero."""

SCALE = 3.0
"""Of the rows of length 1 that networks learn from: a headline's nine ones are then ones again."""


@dataclass(frozen=True, slots=True)
class Layers:
    """relu(x @ kernel + bias) @ out + out_bias."""

    kernel: Floats
    """float32 [features, hidden]"""
    bias: Floats
    out: Floats
    """float32 [hidden, 46]"""
    out_bias: Floats

    def logits(self, x: sp.csr_matrix) -> Floats:
        """Scores before softmax, float32 [n, 46], of rows of length 1."""
        hidden: Floats = np.maximum(x @ self.kernel + self.bias, 0)
        scores: Floats = hidden @ self.out + self.out_bias
        return scores


def train_networks(
    recipe: HeadlinesRecipe,
    epoch: Callable[[], Epoch],
    expansion: sp.csr_matrix,
    *,
    seed: int,
    held_out: Epoch | None = None,
    on_epoch: Callable[[], object] = lambda: None,
) -> tuple[Layers, History]:
    """Train `recipe.networks` of features -> hidden relu -> 46 at once, on what `epoch` gives anew for each epoch.

    Args:
        recipe: how.
        epoch: gives rows of length 1, float32 [n, features], and targets, float32 [n, 46].
        expansion: float32 [features, inputs], what a network is given for each feature.
        seed: of weights, dropout and order.
        held_out: rows and targets to watch.
        on_epoch: called after each.

    Returns:
        All of them as one whose logits are their mean, and by epoch the mean loss and accuracy of each alone (with
        dropout) and, if there are `held_out` rows and targets, those of the mean on them.
    """
    import keras  # noqa: PLC0415 - seconds, and --help should not wait for them

    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    expansion = SCALE * expansion
    x, y = epoch()
    model = _model(recipe, (x.shape[0], expansion.shape[1]), keras)
    history: History = {"loss": [], "accuracy": []}
    for number in range(recipe.epochs):
        if number:
            x, y = epoch()
        order = rng.permutation(x.shape[0])
        each = np.repeat(y[order, None], recipe.networks, axis=1)
        fitted = model.fit(
            _sorted(x[order] @ expansion), each, batch_size=recipe.batch_size, shuffle=False, verbose=0
        ).history
        history["loss"].append(float(fitted["loss"][0]))
        history["accuracy"].append(float(fitted["accuracy"][0]))
        if held_out is not None:
            loss, accuracy = _score(_mean(recipe, model, expansion), *held_out)
            history.setdefault("val_loss", []).append(loss)
            history.setdefault("val_accuracy", []).append(accuracy)
        on_epoch()
    return _mean(recipe, model, expansion), history


def drop_words(rows: sp.csr_matrix, highest: float, rng: np.random.Generator) -> sp.csr_matrix:
    """The rows without some of their ones, each row at a rate of its own, drawn from 0 to `highest`."""
    rates = rng.random(rows.shape[0]) * highest
    keep = rng.random(rows.nnz) >= np.repeat(rates, np.diff(rows.indptr))
    starts = np.concatenate([[0], np.cumsum(keep)])[rows.indptr]
    return sp.csr_matrix((rows.data[keep], rows.indices[keep], starts), shape=rows.shape)


def _model(recipe: HeadlinesRecipe, shape: tuple[int, int], keras: Any) -> Any:  # noqa: ANN401 - Keras has no types
    samples, features = shape
    limit = (6 / (ACTIVE + recipe.hidden)) ** 0.5
    start = keras.initializers.RandomUniform(-limit, limit)
    out_limit = (6 / (recipe.hidden + len(TOPICS))) ** 0.5
    out_start = keras.initializers.RandomUniform(-out_limit, out_limit)
    units = (recipe.networks, recipe.hidden)
    model = keras.Sequential(
        [
            keras.Input((features,), sparse=True),
            keras.layers.Dense(units[0] * units[1], "relu", kernel_initializer=start),
            keras.layers.Dropout(recipe.dropout),
            keras.layers.Reshape(units),
            keras.layers.EinsumDense(  # each network has its own last layer
                "bnh,nht->bnt", (recipe.networks, len(TOPICS)), bias_axes="nt", kernel_initializer=out_start
            ),
        ]
    )
    steps = -(-samples // recipe.batch_size) * recipe.epochs
    rate = keras.optimizers.schedules.PolynomialDecay(recipe.learning_rate, steps, 0.0)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    return model


def _sorted(rows: sp.csr_matrix) -> sp.csr_matrix:
    """With columns ascending in each row, as TensorFlow's sparse product wants them."""
    rows.sort_indices()
    return rows


def _mean(recipe: HeadlinesRecipe, model: Any, expansion: sp.csr_matrix) -> Layers:  # noqa: ANN401
    kernel, bias, out, out_bias = model.get_weights()
    return Layers(expansion @ kernel, bias, out.reshape(-1, out.shape[-1]) / recipe.networks, out_bias.mean(axis=0))


def _score(layers: Layers, x: sp.csr_matrix, targets: Floats) -> tuple[float, float]:
    logits = layers.logits(x)
    logits -= logits.max(axis=1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    right = logits.argmax(axis=1) == targets.argmax(axis=1)
    return float(-(targets * log_p).sum(axis=1).mean()), float(right.mean())
