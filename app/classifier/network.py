"""A stack of dense layers on a multi-hot vector, computed as a few row sums."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.classifier.errors import BundleError
from app.classifier.manifest import Array, DenseLayer

Floats = NDArray[np.float32]

_BLOCK = 128
"""Texts at a time: what is made of more does not stay in the processor's cache."""
_LONG = 48
"""Ids of a text from which on it is summed alone: to pad others to its length would cost more."""

_ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0, out=x),
    "tanh": lambda x: np.tanh(x, out=x),
}


class Network(Protocol):
    """What the classifier asks of a runtime."""

    @property
    def shape(self) -> tuple[int, int]:
        """Width of the multi-hot vector, number of topics."""

    def logits(self, ids: Sequence[Sequence[int]]) -> Floats:
        """Scores before softmax, float32 [len(ids), topics], for the distinct ids of each text."""


@dataclass(frozen=True, slots=True)
class Dense:
    """One layer: activation(x @ kernel + bias)."""

    kernel: Floats
    """float32 [inputs, units]"""
    bias: Floats
    """float32 [units]"""
    activation: str
    unit_length: bool = False
    """Whether x, then a multi-hot vector, is scaled to length 1 before: divided by the root of its ones."""


class DenseNetwork:
    """Dense layers in NumPy.

    A multi-hot vector times the first kernel is the sum of the kernel's rows at its ones, so the first
    layer reads ten rows for a headline of ten words, not ten thousand.
    """

    def __init__(self, layers: Sequence[Dense]) -> None:
        """Raises BundleError if there is no layer or the widths do not chain."""
        if not layers:
            raise BundleError("model.keras: has no dense layer; train the bundle again.")
        for before, after in itertools.pairwise(layers):
            if before.kernel.shape[1] != after.kernel.shape[0]:
                units, inputs = before.kernel.shape[1], after.kernel.shape[0]
                raise BundleError(f"model.keras: a layer of {units} units feeds one of {inputs} inputs.")
        for layer in layers:
            if layer.kernel.ndim != 2 or layer.bias.shape != layer.kernel.shape[1:]:
                shapes = f"{layer.kernel.shape} and {layer.bias.shape}"
                raise BundleError(f"model.keras: kernel and bias of a layer have shapes {shapes}; train it again.")
            if layer.unit_length and layer is not layers[0]:
                raise BundleError("model.keras: a layer in the middle scales its input to length 1; train it again.")
        self._first, *self._rest = layers
        self._lengths = np.sqrt(np.arange(self._first.kernel.shape[0] + 1, dtype=np.float32))
        """Of a multi-hot vector, by its number of ones."""
        self._lengths[0] = 1  # as Keras's UnitNormalization: a vector without ones stays as it is

    @property
    def layers(self) -> list[Dense]:
        """All of them, first to last; the last one without its softmax."""
        return [self._first, *self._rest]

    @property
    def shape(self) -> tuple[int, int]:
        """Width of the multi-hot vector, number of topics."""
        last = self._rest[-1] if self._rest else self._first
        return self._first.kernel.shape[0], last.kernel.shape[1]

    def logits(self, ids: Sequence[Sequence[int]]) -> Floats:
        """Scores before softmax, float32 [len(ids), topics], for the distinct ids of each text."""
        if len(ids) > _BLOCK:
            return np.concatenate([self.logits(ids[i : i + _BLOCK]) for i in range(0, len(ids), _BLOCK)])
        x = self._sum_rows(ids)
        if self._first.unit_length:
            x /= self._lengths[len(ids[0])] if len(ids) == 1 else self._lengths.take(list(map(len, ids)))[:, None]
        x += self._first.bias
        x = _ACTIVATIONS[self._first.activation](x)
        if len(ids) == 1 and self._rows_agree:
            return self._run_rest(x.repeat(2, 0))[:1]
        return self._run_rest(x)

    def _run_rest(self, x: Floats) -> Floats:
        """All layers but the first."""
        for layer in self._rest:
            # `dot` is `@`, with a microsecond less around the call of BLAS.
            x = x.dot(layer.kernel) if self._rows_agree else np.matmul(x[:, None], layer.kernel)[:, 0]
            x += layer.bias
            x = _ACTIVATIONS[layer.activation](x)
        return x

    @cached_property
    def _rows_agree(self) -> bool:
        """Whether BLAS gives a row the same product, to the last bit, whatever other rows it is multiplied with.

        It adds up in an order that suits the number of rows, and rounds accordingly. OpenBLAS's routines for AVX-512
        do so only for a single row, which is therefore multiplied as two. Those for AVX2 do so for any number: there
        each row is multiplied alone, which takes longer, so that a text's answer does not depend on its batch.
        """
        noise = np.random.default_rng(0)
        for layer in self._rest:
            x = noise.standard_normal((_BLOCK, len(layer.kernel)), np.float32)
            whole = x.dot(layer.kernel)
            # All small numbers, which may have routines of their own, and enough of the others to meet every remainder.
            for rows in (*range(2, 33), *range(33, _BLOCK, 7)):
                if not np.array_equal(x[-rows:].dot(layer.kernel), whole[-rows:]):
                    return False
        return True

    def _sum_rows(self, ids: Sequence[Sequence[int]]) -> Floats:
        """The rows of the first kernel at each text's ids, summed in the order of the ids: float32 [len(ids), units].

        In a batch the first ids of all texts are added up, then the second ones, and so on: as fast as BLAS, and each
        text's sum is rounded as if it were alone. NumPy's own `add.reduceat` takes twice as long, and adds in pairs.
        """
        kernel = self._first.kernel
        if len(ids) == 1:
            alone: Floats = np.add.reduce(kernel.take(ids[0], axis=0))
            return alone[None]
        lengths = np.fromiter(map(len, ids), np.intp, len(ids))
        order = (-lengths).argsort()
        long = int(np.count_nonzero(lengths >= _LONG))
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


def read_network(model: bytes, layers: Sequence[DenseLayer], path: Path) -> DenseNetwork:
    """The weights of a `.keras` file's content, at the offsets that the manifest names, without Keras or HDF5.

    A `.keras` file is a zip in which `model.weights.h5` is stored uncompressed; it holds each weight contiguously.
    The arrays are views of `model`: it is not copied. `path` is where it was read from, for error messages.

    Raises:
        BundleError: an offset is outside the file, a weight is not a number, or the last layer is not a softmax.
    """
    if [layer.activation == "softmax" for layer in layers] != [False] * (len(layers) - 1) + [True]:
        raise BundleError(f"{path}: its last layer, and no other, must be a softmax; train the bundle again.")
    # Softmax is left to the classifier, which calibrates the logits first.
    activations = [layer.activation for layer in layers[:-1]] + ["linear"]
    return DenseNetwork(
        [
            Dense(_array(path, model, layer.kernel), _array(path, model, layer.bias), activation, layer.unit_length)
            for layer, activation in zip(layers, activations, strict=True)
        ]
    )


def _array(path: Path, content: bytes, place: Array) -> Floats:
    count = math.prod(place.shape)
    if place.offset + 4 * count > len(content):
        raise BundleError(f"{path}: is too short for the weights that the manifest names; copy the bundle again.")
    values = np.frombuffer(content, np.dtype("<f4"), count, place.offset).reshape(place.shape)
    # A sum in double precision cannot overflow, so it is finite exactly when every weight is.
    if not np.isfinite(values.sum(dtype=np.float64)):
        raise BundleError(f"{path}: a weight is NaN or infinity; train the bundle again.")
    return np.require(values, requirements=["ALIGNED"])  # a copy, where whoever wrote the file did not align it
