"""Merges the linear SVM and the MLPs into one stack of dense layers of low rank."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from app.classifier.network import Dense, Floats
from training.headlines.mlp import Layers

_MOST_INPUTS = 120_000_000
"""Inputs of units that are computed at once, over all texts."""


def merge(linear: Floats, networks: Layers, share: float, texts: sp.csr_matrix, width: int) -> tuple[Dense, ...]:
    """Make three layers whose logits approximate `share` times the SVM's scores plus the MLPs' logits.

    The first layer scales texts to length 1, as the SVM and the MLPs expect.

    The first kernels of the SVM and of all MLPs, side by side, form one wide matrix. It is replaced by its best
    approximation of rank `width` on `texts`: the principal components of the units' inputs, each unit weighted by the
    length of its outgoing weights. The second layer maps these components back to the units' inputs.

    Args:
        linear: kernel of the SVM, float32 [features, units]; the last may be of the outside class.
        networks: all MLPs as one.
        share: weight of the SVM's scores.
        texts: rows of length 1, float32 [n, features], like those to be served.
        width: units of the first layer.

    Returns:
        [features, width] linear, [width, hidden] relu, [hidden, units] linear; the softmax is not included.
    """
    count = linear.shape[1]
    scale = np.concatenate([np.ones(count), np.linalg.norm(networks.out, axis=1) + 1e-6]).astype(np.float32)
    kernels = np.concatenate([np.float32(share) * linear, networks.kernel], axis=1) * scale
    # The directions are about the same for some of a million texts, whose inputs would take gigabytes.
    received = np.asarray(texts[:: 1 + texts.shape[0] * kernels.shape[1] // _MOST_INPUTS] @ kernels)
    _, directions = np.linalg.eigh(received.T @ received)
    directions = directions[:, ::-1][:, :width]
    down, up = (kernels @ directions).astype(np.float32), (directions.T / scale).astype(np.float32)
    # An offset lets negative SVM scores pass the relu. It is half as large again as any of these texts needs; for other
    # texts, lower scores are cut off, which only affects topics with a probability near 0.
    offset = -1.5 * np.minimum((texts @ down) @ up[:, :count], 0).min(axis=0)
    return (
        Dense(down, np.zeros(down.shape[1], np.float32), "linear", unit_length=True),
        Dense(up, np.concatenate([offset, networks.bias]).astype(np.float32), "relu"),
        Dense(
            np.concatenate([np.eye(count, dtype=np.float32), networks.out]),
            (networks.out_bias - offset).astype(np.float32),
            "linear",
        ),
    )


def save_stack(layers: Sequence[Dense], path: Path, output: str = "softmax") -> None:
    """Save dense layers as a Keras model: multi-hot, float32 [n, features], to `output` of its units [n, units].

    With an outside class the last unit is its score, so this softmax does not give the topics' probabilities: the
    service takes it off, calibrates, and applies it to the topics' units alone.

    Raises:
        OSError: the file cannot be written.
    """
    import keras  # noqa: PLC0415 - takes seconds, which --help need not wait

    keras.utils.clear_session()  # layer names then do not depend on how many networks were built before
    activations = [layer.activation for layer in layers[:-1]] + [output]
    model = keras.Sequential(
        [
            keras.Input((len(layers[0].kernel),)),
            *([keras.layers.UnitNormalization()] if layers[0].unit_length else []),
            *[keras.layers.Dense(len(one.bias), name) for one, name in zip(layers, activations, strict=True)],
        ]
    )
    model.set_weights([array for layer in layers for array in (layer.kernel, layer.bias)])
    model.save(path)
