"""NumPy runtime: dense layers, of which the first sums kernel rows instead of multiplying a multi-hot vector."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from app.classifier.errors import BundleError
from app.classifier.inference.products import Floats, Product, row_product
from app.classifier.manifest import Activation

Change = tuple[Sequence[int], Sequence[int]]
"""Ids that a text loses, and ids that it gains; it has all of the former and none of the latter."""

_BATCH = 128
"""Texts per pass; the intermediate arrays of more do not fit into the processor's cache."""
_LONG_TEXT = 48
"""A text with this many ids or more is summed separately, because padding shorter texts to its length costs more; if an
eighth of a batch are such texts, as with pieces of many words, only a text with twice as many."""

MAX_HIDDEN_UNITS = 16_384
"""Maximum number of units of a layer before the last one: `row_product` tries 128 rows of so many numbers."""

_ZERO = np.zeros((), np.float32)
"""An array, because NumPy would convert a number at each call."""

_ACTIVATIONS: dict[Activation, Callable[[Floats], Floats]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, _ZERO, out=x),
    "tanh": lambda x: np.tanh(x, out=x),
}


class Network(Protocol):
    """Interface of a runtime."""

    @property
    def shape(self) -> tuple[int, int]:
        """(width of the multi-hot vector, number of units of the last layer)."""

    def logits(self, ids: Sequence[Sequence[int]]) -> Floats:
        """Logits, float32 [len(ids), units], for the distinct ids of each text."""

    def logits_of_variants(self, ids: Sequence[int], changes: Sequence[Change]) -> Floats:
        """Logits, float32 [len(changes), units], for the distinct ids of a text with each of the changes."""


@dataclass(frozen=True, slots=True)
class Dense:
    """One layer: activation(x @ kernel + bias)."""

    kernel: Floats
    """float32 [inputs, units]"""
    bias: Floats
    """float32 [units]"""
    activation: Activation
    """Not softmax or sigmoid, which `Calibrator` computes."""
    unit_length: bool = False
    """Scale x, which is then a multi-hot vector, to length 1: divide it by the square root of its number of ones."""


class DenseNetwork:
    """A stack of dense layers in NumPy.

    The product of a multi-hot vector and the first kernel is the sum of the kernel's rows at the ones, so the first
    layer reads ten rows instead of ten thousand for a headline of ten words.
    """

    def __init__(self, layers: Sequence[Dense]) -> None:
        """Raises BundleError if there is no layer, one is too wide, or the widths of adjacent layers differ."""
        if not layers:
            raise BundleError("model.keras: has no dense layer; train the bundle again.")
        for layer in layers:
            if layer.kernel.ndim != 2 or layer.bias.shape != layer.kernel.shape[1:]:
                shapes = f"{layer.kernel.shape} and {layer.bias.shape}"
                raise BundleError(
                    f"model.keras: kernel and bias of a layer have shapes {shapes}; train the bundle again."
                )
            if layer.unit_length and layer is not layers[0]:
                raise BundleError(
                    "model.keras: only the first layer may scale its input to length 1; train the bundle again."
                )
        for before, after in itertools.pairwise(layers):
            units, inputs = before.kernel.shape[1], after.kernel.shape[0]
            if units > MAX_HIDDEN_UNITS:
                raise BundleError(
                    f"model.keras: a layer before the last one has {units:,} units, more than {MAX_HIDDEN_UNITS:,};"
                    " train the bundle again."
                )
            if units != inputs:
                raise BundleError(
                    f"model.keras: a layer of {units} units feeds one of {inputs} inputs; train the bundle again."
                )
        self._first, *self._rest = layers
        self._first_bias = self._first.bias if self._first.bias.any() else None
        self._lengths = np.sqrt(np.arange(self._first.kernel.shape[0] + 1, dtype=np.float32))
        """Euclidean length of a multi-hot vector, by its number of ones."""
        self._lengths[0] = 1  # a vector without ones stays unchanged, as in Keras's UnitNormalization

    @property
    def layers(self) -> list[Dense]:
        """All layers from first to last, the last one without its softmax or sigmoid."""
        return [self._first, *self._rest]

    @property
    def shape(self) -> tuple[int, int]:
        """(width of the multi-hot vector, number of units of the last layer)."""
        last = self._rest[-1] if self._rest else self._first
        return self._first.kernel.shape[0], last.kernel.shape[1]

    def logits(self, ids: Sequence[Sequence[int]]) -> Floats:
        """Logits, float32 [len(ids), units], for the distinct ids of each text."""
        if len(ids) > _BATCH:
            return np.concatenate([self.logits(ids[i : i + _BATCH]) for i in range(0, len(ids), _BATCH)])
        if len(ids) == 1:
            return self._run_rest(self._sum_rows_of_one(ids[0]))[:1]
        x = self._sum_rows(ids)
        if self._first.unit_length:
            x /= self._lengths.take(list(map(len, ids)))[:, None]
        return self._run_rest(x)

    def logits_of_variants(self, ids: Sequence[int], changes: Sequence[Change]) -> Floats:
        """Logits, float32 [len(changes), units], for the distinct ids of a text with each of the changes.

        Adds and subtracts the rows of the ids that change, so the result differs by rounding from that of `logits`.
        """
        changed = [changed_id for lost, gained in changes for changed_id in (*lost, *gained)]
        places: list[int] = []
        values: list[float] = []
        for row, (lost, gained) in enumerate(changes):
            start = row * len(changed) + len(places)
            places += range(start, start + len(lost) + len(gained))
            values += [-1.0] * len(lost) + [1.0] * len(gained)
        # One assignment: an assignment to a part of each row would take a microsecond each.
        signs = np.zeros((len(changes), len(changed)), np.float32)
        signs.ravel()[places] = values
        kernel = self._first.kernel
        x = signs.dot(kernel.take(changed, axis=0))
        x += np.add.reduce(kernel.take(ids, axis=0))
        if self._first.unit_length:
            x /= self._lengths.take([len(ids) - len(lost) + len(gained) for lost, gained in changes])[:, None]
        return self._run_rest(x)

    def _run_rest(self, x: Floats) -> Floats:
        """Run everything after the first product on x, float32 [n, units]."""
        if self._first_bias is not None:
            x += self._first_bias
        x = _ACTIVATIONS[self._first.activation](x)
        for product, biases, activation in self._steps:
            x = product(x)
            x += biases if len(x) == len(biases) else biases[0]
            x = activation(x)
        return x

    @cached_property
    def _products(self) -> list[tuple[Product, int]]:
        """The products of all layers but the first, each with the least number of rows that it may get."""
        return [row_product(layer.kernel, _BATCH) for layer in self._rest]

    @cached_property
    def _min_rows(self) -> int:
        return max((least for _, least in self._products), default=1)

    @cached_property
    def _steps(self) -> list[tuple[Product, Floats, Callable[[Floats], Floats]]]:
        """Product of each layer but the first, `_min_rows` copies of its bias, and its activation.

        For one text, adding an array of the same shape takes less than half the time of adding one row to all rows.
        """
        return [
            (product, np.tile(layer.bias, (self._min_rows, 1)), _ACTIVATIONS[layer.activation])
            for (product, _), layer in zip(self._products, self._rest, strict=True)
        ]

    def _sum_rows_of_one(self, ids: Sequence[int]) -> Floats:
        """The scaled sum of the first kernel's rows for one text, once or twice: float32 [1 or 2, units].

        Fewer NumPy calls than for a batch: each takes about a microsecond.
        """
        total: Floats = np.add.reduce(self._first.kernel.take(ids, axis=0), keepdims=True)
        if self._first.unit_length:
            total /= self._lengths[len(ids)]
        return total.repeat(self._min_rows, axis=0)

    def _sum_rows(self, ids: Sequence[Sequence[int]]) -> Floats:
        """Sum the rows of the first kernel at each text's ids, in the order of the ids: float32 [len(ids), units].

        A batch adds the rows of all texts' first ids, then those of the second ids, and so on. This is as fast as BLAS,
        and each text's sum is rounded as if it were alone. `np.add.reduceat` takes twice as long and adds pairwise.
        """
        kernel = self._first.kernel
        lengths = np.fromiter(map(len, ids), np.intp, len(ids))
        order = (-lengths).argsort()
        long = int(np.count_nonzero(lengths >= _LONG_TEXT))
        if 8 * long > len(ids):
            long = int(np.count_nonzero(lengths >= 2 * _LONG_TEXT))
        sums = np.empty((len(ids), kernel.shape[1]), np.float32)
        for i in order[:long].tolist():
            np.add.reduce(kernel.take(ids[i], axis=0), out=sums[i])
        order = order[long:]
        if not len(order):
            return sums
        lengths = lengths[order]
        present = np.arange(lengths[0])[:, None] < lengths
        padded = np.zeros(present.shape, np.intp)
        padded.T[present.T] = list(itertools.chain.from_iterable([ids[i] for i in order.tolist()]))
        total = np.zeros((len(order), kernel.shape[1]), np.float32)
        for column, texts in zip(padded, present.sum(axis=1).tolist(), strict=True):
            total[:texts] += kernel.take(column[:texts], axis=0)
        sums[order] = total
        return sums
