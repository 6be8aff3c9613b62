"""MLPs: several small networks, trained side by side in NumPy, whose logits are averaged."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from app.classifier.inference.products import Floats
from training.headlines.recipe import Recipe
from training.history import History

Epoch = tuple[sp.csr_matrix, sp.csr_matrix]
"""Rows, float32 [n, features], and targets, float32 [n, units], of one epoch.

Units: one for each topic, and one for the outside class if there is one."""

_UPDATE_ROWS = 256
"""Rows of a kernel that are updated at once: so many, with their moments, fit into the processor's cache."""
_DROPOUT_ROWS = 65_536
"""Rows from which words are dropped at once."""
FAN_IN = 2_000
"""Fan-in of Glorot's uniform initialization (Glorot and Bengio 2010). The true one, 20,000 features or more, would make
the initial weights too small for texts, which have about a hundred ones."""

SCALE = 3.0
"""Factor of the rows of length 1: with it, the values of a headline, which has about nine ones, are about 1."""


@dataclass(frozen=True, slots=True)
class Layers:
    """Weights of relu(x @ kernel + bias) @ out + out_bias."""

    kernel: Floats
    """float32 [features, hidden]"""
    bias: Floats
    """float32 [hidden]"""
    out: Floats
    """float32 [hidden, units]: one for each topic, and one for the outside class if there is one"""
    out_bias: Floats
    """float32 [units]"""

    def logits(self, x: sp.csr_matrix) -> Floats:
        """Logits, float32 [n, units], of rows of length 1, float32 [n, features]."""
        hidden: Floats = np.maximum(x @ self.kernel + self.bias, 0)
        scores: Floats = hidden @ self.out + self.out_bias
        return scores


def train_networks(
    recipe: Recipe,
    epoch: Callable[[], Epoch],
    expansion: sp.csr_matrix,
    *,
    topics: int,
    seed: int,
    held_out: Epoch | None = None,
    on_step: Callable[[int, int, float, float], object] = lambda done, of, loss, accuracy: None,
) -> tuple[Layers, History]:
    """Train `recipe.networks` MLPs (features, hidden relu, units) at once; each epoch has new rows from `epoch`.

    The loss is the cross-entropy of the topics, of texts that have one, and, with an outside class, that of the last
    unit, a sigmoid, of all. With `topics` 0 all units are sigmoids.

    Args:
        recipe: sizes, rates and number of epochs.
        epoch: returns rows of length 1, float32 [n, features], and targets, float32 [n, units]; called once per
            epoch.
        expansion: maps features to inputs, float32 [features, inputs] (see `feature_expansion`).
        topics: number of topics with one softmax; a further column of the targets is the outside class. 0: a text may
            have several topics, and each column is one.
        seed: for weights, dropout and order.
        held_out: rows and targets to evaluate after each epoch.
        on_step: called after each batch with the number of batches done and of all, and its loss and accuracy.

    Returns:
        One network whose logits are the mean of all; and the history: mean loss and accuracy of the single networks
        (with dropout) and, with `held_out`, `val_loss` and `val_accuracy` of the mean network, each of the topics.
    """
    rng = np.random.default_rng(seed)
    expansion = SCALE * expansion
    x, y = epoch()
    networks = _Networks(recipe, expansion.shape[1], topics, y.shape[1], rng)
    steps = -(-x.shape[0] // recipe.batch_size) * recipe.epochs
    history: History = {"loss": [], "accuracy": []}
    step = 0
    for number in range(recipe.epochs):
        if number:
            x, y = epoch()
        order = rng.permutation(x.shape[0])
        scores = []
        for start in range(0, len(order), recipe.batch_size):
            batch = order[start : start + recipe.batch_size]
            rows = (x[batch] @ expansion).tocsr()
            scores.append(networks.step(rows, y[batch].toarray(), recipe.learning_rate * (1 - step / steps)))
            step += 1
            loss, right, texts = scores[-1]
            on_step(step, steps, loss / max(texts, 1), right / max(texts, 1))
        del x, y  # before the next epoch's are made
        loss, right, texts = np.sum(scores, axis=0)
        history["loss"].append(float(loss / texts))
        history["accuracy"].append(float(right / texts))
        if held_out is not None:
            loss, accuracy = _score(networks.mean(expansion), held_out[0], held_out[1].toarray(), topics)
            history.setdefault("val_loss", []).append(loss)
            history.setdefault("val_accuracy", []).append(accuracy)
    return networks.mean(expansion), history


def drop_words(rows: sp.csr_matrix, highest: float, rng: np.random.Generator) -> sp.csr_matrix:
    """Word dropout: remove ones from rows, float32 [n, features]; each row has its own rate, from 0 to `highest`."""
    rates = rng.random(rows.shape[0]) * highest
    keep = np.empty(rows.nnz, np.bool_)
    for start in range(0, rows.shape[0], _DROPOUT_ROWS):  # of a million rows at once, the numbers would take a gigabyte
        ends = rows.indptr[start : start + _DROPOUT_ROWS + 1]
        limits = np.repeat(rates[start : start + _DROPOUT_ROWS], np.diff(ends))
        keep[ends[0] : ends[-1]] = rng.random(len(limits)) >= limits
    starts = np.concatenate([[0], np.cumsum(keep, dtype=np.int32)])[rows.indptr]
    return sp.csr_matrix((rows.data[keep], rows.indices[keep], starts), shape=rows.shape)


@dataclass(slots=True)
class _Adam:
    """A weight with Adam's moments (Kingma and Ba 2015, arXiv:1412.6980).

    With `rows`, only these rows of the weight and of its moments are updated, as in TensorFlow's LazyAdam: a batch has
    a tenth of all words, so this takes a fraction of the time.
    """

    weight: Floats
    first: Floats = field(init=False)
    second: Floats = field(init=False)
    steps: int = 0

    def __post_init__(self) -> None:
        self.first, self.second = np.zeros_like(self.weight), np.zeros_like(self.weight)

    def update(self, gradient: Floats, rate: float, rows: NDArray[np.intp] | slice = slice(None)) -> None:
        self.steps += 1
        if isinstance(rows, slice):
            self._update(gradient, rate, rows)
            return
        for start in range(0, len(rows), _UPDATE_ROWS):
            self._update(gradient[start : start + _UPDATE_ROWS], rate, rows[start : start + _UPDATE_ROWS])

    def _update(self, gradient: Floats, rate: float, rows: NDArray[np.intp] | slice) -> None:
        first, second = self.first[rows], self.second[rows]
        first = first + np.float32(0.1) * (gradient - first)
        second = second + np.float32(0.001) * (np.square(gradient) - second)
        self.first[rows], self.second[rows] = first, second
        scale = rate * np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
        np.sqrt(second, out=second)
        second += np.float32(1e-7)
        first /= second
        first *= np.float32(scale)
        self.weight[rows] -= first


class _Networks:
    """`recipe.networks` MLPs side by side: their hidden units share one matrix, and each has its own last layer."""

    def __init__(self, recipe: Recipe, inputs: int, topics: int, units: int, rng: np.random.Generator) -> None:
        self._count, self._hidden, self._dropout, self._rng = recipe.networks, recipe.hidden, recipe.dropout, rng
        self._topics, self._outside = topics, units > topics
        width = recipe.networks * recipe.hidden
        limit, out_limit = (
            (6 / (fan_in + fan_out)) ** 0.5 for fan_in, fan_out in ((FAN_IN, recipe.hidden), (recipe.hidden, units))
        )
        self._kernel = _Adam(rng.uniform(-limit, limit, (inputs, width)).astype(np.float32))
        self._bias = _Adam(np.zeros(width, np.float32))
        shape = recipe.networks, recipe.hidden, units
        self._out = _Adam(rng.uniform(-out_limit, out_limit, shape).astype(np.float32))
        self._out_bias = _Adam(np.zeros((recipe.networks, 1, units), np.float32))

    def step(self, rows: sp.csr_matrix, targets: Floats, rate: float) -> tuple[float, float, float]:
        """One step of Adam on a batch; returns loss and right answers, mean of the networks, and texts with a topic."""
        seen = np.zeros(rows.shape[1], np.bool_)  # np.unique would sort the inputs of all rows
        seen[rows.indices] = True
        used, places = np.flatnonzero(seen), np.cumsum(seen, dtype=np.int32) - 1
        rows = sp.csr_matrix((rows.data, places[rows.indices], rows.indptr), (rows.shape[0], len(used)))
        hidden = rows @ self._kernel.weight[used]
        hidden += self._bias.weight
        keep = (hidden > 0) & (self._rng.random(hidden.shape, np.float32) >= self._dropout)
        hidden *= keep
        hidden /= np.float32(1 - self._dropout)
        each = np.ascontiguousarray(hidden.reshape(len(hidden), self._count, self._hidden).transpose(1, 0, 2))
        logits = each @ self._out.weight + self._out_bias.weight
        loss, right, texts, errors = self._softmax(logits, targets) if self._topics else _independent(logits, targets)
        # Gradients of the loss, from its end to its beginning.
        errors -= targets
        errors /= np.float32(len(targets))
        back = errors @ self._out.weight.transpose(0, 2, 1)
        back = back.transpose(1, 0, 2).reshape(len(hidden), -1) * keep
        back /= np.float32(1 - self._dropout)
        self._out.update(each.transpose(0, 2, 1) @ errors, rate)
        self._out_bias.update(errors.sum(axis=1, keepdims=True), rate)
        self._kernel.update(rows.T @ back, rate, used)
        self._bias.update(back.sum(axis=0), rate)
        return loss / self._count, right / self._count, texts

    def _softmax(self, logits: Floats, targets: Floats) -> tuple[float, float, float, Floats]:
        """Loss and right answers, sums over the networks; texts with a topic; and the probabilities of all units."""
        topics = logits[..., : self._topics]
        inside = targets[:, : self._topics].sum(axis=1, keepdims=True)
        topics -= topics.max(axis=2, keepdims=True)
        log_p = topics - np.log(np.exp(topics).sum(axis=2, keepdims=True))
        loss = -(targets[:, : self._topics] * log_p).sum()
        right = ((log_p.argmax(axis=2) == targets.argmax(axis=1)) & (inside[:, 0] > 0)).sum()
        probabilities = np.exp(log_p) * inside
        if self._outside:
            probabilities = np.concatenate([probabilities, _sigmoid(logits[..., self._topics :])], axis=2)
        return float(loss), float(right), float(inside.sum()), probabilities

    def mean(self, expansion: sp.csr_matrix) -> Layers:
        """One network whose logits are the mean of all, for rows before the expansion."""
        out = self._out.weight.reshape(-1, self._out.weight.shape[2]) / np.float32(self._count)
        return Layers(expansion @ self._kernel.weight, self._bias.weight, out, self._out_bias.weight.mean(axis=(0, 1)))


def _independent(logits: Floats, targets: Floats) -> tuple[float, float, float, Floats]:
    """As `_Networks._softmax`, if a text may have several topics; an answer is right if the text has its best topic."""
    loss = (np.logaddexp(0, logits) - targets * logits).sum()
    inside = targets.any(axis=1)
    right = np.take_along_axis(targets[None], logits.argmax(axis=2)[..., None], axis=2).sum()
    return float(loss), float(right), float(inside.sum()), _sigmoid(logits)


def _sigmoid(x: Floats) -> Floats:
    result: Floats = 0.5 + 0.5 * np.tanh(0.5 * x)
    return result


def _score(layers: Layers, x: sp.csr_matrix, targets: Floats, topics: int) -> tuple[float, float]:
    """Mean cross-entropy and accuracy of the topics, over the texts that have one."""
    inside = targets[:, :topics].any(axis=1)
    logits, targets = layers.logits(x)[inside, :topics], targets[inside, :topics]
    logits -= logits.max(axis=1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    right = logits.argmax(axis=1) == targets.argmax(axis=1)
    return float(-(targets * log_p).sum(axis=1).mean()), float(right.mean())
