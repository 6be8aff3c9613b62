"""Weights of the NumPy runtime: reads them from a `.keras` file at the manifest's offsets, without Keras or HDF5."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np

from app.classifier.errors import BundleError
from app.classifier.inference.products import Floats
from app.classifier.manifest import Array, DenseLayer, OutputActivation
from app.classifier.networks.dense_network import Dense, DenseNetwork


def read_network(model: bytes, layers: Sequence[DenseLayer], path: Path, output: OutputActivation) -> DenseNetwork:
    """The network with the weights in the content of a `.keras` file.

    A `.keras` file is a zip archive that stores `model.weights.h5` uncompressed, with each weight contiguous. The
    arrays are views of `model`, so nothing is copied.

    Args:
        model: content of the file.
        layers: the manifest's `network`.
        path: where the content was read from, for error messages.
        output: activation of the last layer, which is left out.

    Raises:
        BundleError: the weights do not fit into the file, one is NaN or infinite, or the last layer is not `output`.
    """
    outputs = [layer.activation if layer.activation in get_args(OutputActivation) else "" for layer in layers]
    if outputs != [""] * (len(layers) - 1) + [output]:
        raise BundleError(f"{path}: its last layer, and no other, must be a {output}; train the bundle again.")
    places = [place for layer in layers for place in (layer.kernel, layer.bias)]
    if 4 * sum(math.prod(place.shape) for place in places) > len(model):  # many layers may name the same weights
        raise BundleError(f"{path}: is too short for the weights that the manifest names; copy the bundle again.")
    # The classifier computes the probabilities, after it has calibrated the logits.
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
    # A sum of float32 values in double precision cannot overflow, so it is finite if and only if every weight is.
    with np.errstate(invalid="ignore"):  # the sum of both infinities
        total = values.sum(dtype=np.float64)
    if not np.isfinite(total):
        raise BundleError(f"{path}: a weight is NaN or infinity; train the bundle again.")
    return np.require(values, requirements=["ALIGNED"])  # copies only if the file does not align the weight
