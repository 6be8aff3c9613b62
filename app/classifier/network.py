"""A stack of dense layers on a multi-hot vector, computed as a few row sums."""

import io
import itertools
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np
from numpy.typing import NDArray

from app.classifier.errors import BundleError

Floats = NDArray[np.float32]

_MAX_MEMBER_BYTES = 64 * 1024 * 1024
_BLOCK = 128
"""Texts at a time: the rows of more do not stay in the processor's cache, and a thousand take five times as long."""

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
        self._first, *self._rest = layers

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
        x += self._first.bias
        x = _ACTIVATIONS[self._first.activation](x)
        for layer in self._rest:
            x = x @ layer.kernel
            x += layer.bias
            x = _ACTIVATIONS[layer.activation](x)
        return x

    def _sum_rows(self, ids: Sequence[Sequence[int]]) -> Floats:
        kernel = self._first.kernel
        if len(ids) == 1:  # the common case, without what it takes to tell texts apart
            return np.add.reduce(kernel.take(ids[0], axis=0), axis=0, keepdims=True)
        lengths = np.fromiter(map(len, ids), np.intp, len(ids))
        flat = np.fromiter(itertools.chain.from_iterable(ids), np.intp, lengths.sum())
        sums = np.zeros((len(ids), kernel.shape[1]), np.float32)
        # reduceat would give a text without ids the first row of the next one, so those keep their zeros.
        filled = np.flatnonzero(lengths)
        if len(filled):
            starts = np.cumsum(lengths)[filled] - lengths[filled]
            sums[filled] = np.add.reduceat(kernel.take(flat, axis=0), starts, axis=0)
        return sums


def read_network(path: Path) -> DenseNetwork:
    """Read a Sequential model of Dense layers from a `.keras` file, without Keras.

    The file is a zip of `config.json` (layers, activations) and `model.weights.h5` (kernel and bias of
    each layer under `layers/<name>/vars/`): https://keras.io/guides/serialization_and_saving/

    Raises:
        BundleError: the file is damaged, or holds anything but Dense layers (Dropout is skipped) with a
            softmax at the end and relu, tanh or linear before it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(_member(archive, "config.json"))
            weights = io.BytesIO(_member(archive, "model.weights.h5"))
        with h5py.File(weights, "r") as file:
            return DenseNetwork([_layer(file, layer) for layer in _dense_layers(config)])
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile, RecursionError) as error:
        raise BundleError(f"{path}: cannot be read as a Keras model ({error}); copy the bundle again.") from error


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    size = archive.getinfo(name).file_size
    if size > _MAX_MEMBER_BYTES:
        raise ValueError(f"{name} unpacks to {size:,} bytes, more than {_MAX_MEMBER_BYTES:,}")
    return archive.read(name)


def _dense_layers(config: dict[str, Any]) -> list[dict[str, Any]]:
    if config["class_name"] != "Sequential":
        raise BundleError(f"model.keras: is a {config['class_name']} model; set TOPICS_RUNTIME=keras to serve it.")
    layers = [layer for layer in config["config"]["layers"] if layer["class_name"] not in ("InputLayer", "Dropout")]
    for layer in layers:
        last = layer is layers[-1]
        activation = layer["config"].get("activation")
        if layer["class_name"] != "Dense" or (activation != "softmax" if last else activation not in _ACTIVATIONS):
            raise BundleError(
                f"model.keras: {layer['class_name']} with activation {activation} is not a layer that the numpy"
                " runtime knows here; set TOPICS_RUNTIME=keras to serve it."
            )
    return [layer["config"] for layer in layers]


def _layer(file: h5py.File, config: dict[str, Any]) -> Dense:
    variables = file[f"layers/{config['name']}/vars"]
    kernel = _variable(variables, "0", dimensions=2)
    bias = _variable(variables, "1", dimensions=1) if config["use_bias"] else np.zeros(kernel.shape[1], np.float32)
    if bias.shape != kernel.shape[1:]:
        raise ValueError(f"layer {config['name']} has {kernel.shape[1]} units but {bias.shape[0]} biases")
    # Softmax is left to the classifier, which calibrates the logits first.
    activation = "linear" if config["activation"] == "softmax" else config["activation"]
    return Dense(kernel, bias, activation)


def _variable(variables: h5py.Group, key: str, dimensions: int) -> Floats:
    dataset = variables[key]
    if dataset.ndim != dimensions or dataset.size * 4 > _MAX_MEMBER_BYTES:
        raise ValueError(f"{dataset.name} has shape {dataset.shape}")
    values = np.ascontiguousarray(dataset[...], dtype=np.float32)
    if not np.isfinite(values).all():
        raise ValueError(f"{dataset.name} holds NaN or infinity")
    return values
