"""MLPs: several small Keras networks, trained side by side, whose logits are averaged."""

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
"""Rows, float32 [n, features], and targets, float32 [n, 46], of one epoch."""

ACTIVE = 2_000
"""Inputs assumed for Glorot's initial limit: a text has about a hundred ones. All 20,000 would give a limit near 0."""

SCALE = 3.0
"""Factor of the rows of length 1: the values of a headline, with about nine ones, are then about 1."""


@dataclass(frozen=True, slots=True)
class Layers:
    """Weights of relu(x @ kernel + bias) @ out + out_bias."""

    kernel: Floats
    """float32 [features, hidden]"""
    bias: Floats
    """float32 [hidden]"""
    out: Floats
    """float32 [hidden, 46]"""
    out_bias: Floats
    """float32 [46]"""

    def logits(self, x: sp.csr_matrix) -> Floats:
        """Logits, float32 [n, 46], of rows of length 1, float32 [n, features]."""
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
    """Train `recipe.networks` MLPs (features, hidden relu, 46) at once; each epoch has new rows from `epoch`.

    Args:
        recipe: sizes, rates and number of epochs.
        epoch: returns rows of length 1, float32 [n, features], and targets, float32 [n, 46]; called once per epoch.
        expansion: maps features to inputs, float32 [features, inputs] (see `ngram_expansion`).
        seed: for weights, dropout and order.
        held_out: rows and targets to evaluate after each epoch.
        on_epoch: called after each epoch.

    Returns:
        One network whose logits are the mean of all; and the history: mean loss and accuracy of the single networks
        (with dropout) and, with `held_out`, `val_loss` and `val_accuracy` of the mean network.
    """
    import keras  # noqa: PLC0415 - takes seconds, which --help need not wait

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
    """Word dropout: remove ones from rows, float32 [n, features]; each row has its own rate, from 0 to `highest`."""
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
    """Sort the columns of each row, as TensorFlow's sparse product requires."""
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
