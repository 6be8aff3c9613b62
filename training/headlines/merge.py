"""The linear machine and the networks as one stack of dense layers, small enough to ship."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from app.classifier.network import Dense, Floats
from training.headlines.mlp import Layers


def merge(linear: Floats, networks: Layers, share: float, texts: sp.csr_matrix, width: int) -> tuple[Dense, ...]:
    """Three layers whose logits are, nearly, `share` times the linear scores plus the networks' logits.

    All see texts scaled to length 1, which the first layer does.

    The kernels of the machine and of all networks, side by side, are one wide matrix. It is replaced by its best
    approximation of rank `width` on `texts` like those to be served: the principal directions of what the units
    receive, where a unit counts as much as its outgoing weights say. The second layer gives every unit its input back.

    Args:
        linear: float32 [features, topics].
        networks: all of them as one.
        share: of the linear scores.
        texts: rows of length 1.
        width: of the first layer.

    Returns:
        [features, width] linear, [width, units] relu, [units, topics] linear: the softmax is left to who serves.
    """
    topics = linear.shape[1]
    scale = np.concatenate([np.ones(topics), np.linalg.norm(networks.out, axis=1) + 1e-6]).astype(np.float32)
    kernels = np.concatenate([np.float32(share) * linear, networks.kernel], axis=1) * scale
    received = np.asarray(texts @ kernels)
    _, directions = np.linalg.eigh(received.T @ received)
    directions = directions[:, ::-1][:, :width]
    down, up = (kernels @ directions).astype(np.float32), (directions.T / scale).astype(np.float32)
    # Linear scores pass the relu by an offset, half as large again as any of these texts needs; what a stranger
    # text goes beyond it is cut off where its topic is hopeless.
    offset = -1.5 * np.minimum((texts @ down) @ up[:, :topics], 0).min(axis=0)
    return (
        Dense(down, np.zeros(down.shape[1], np.float32), "linear", unit_length=True),
        Dense(up, np.concatenate([offset, networks.bias]).astype(np.float32), "relu"),
        Dense(
            np.concatenate([np.eye(topics, dtype=np.float32), networks.out]),
            (networks.out_bias - offset).astype(np.float32),
            "linear",
        ),
    )


def save_stack(layers: Sequence[Dense], path: Path) -> None:
    """Save dense layers as a Keras model, multi-hot in, probabilities out."""
    import keras  # noqa: PLC0415 - seconds, and --help should not wait for them

    keras.utils.clear_session()  # so that layers are named alike however many networks came before
    activations = [layer.activation for layer in layers[:-1]] + ["softmax"]
    model = keras.Sequential(
        [
            keras.Input((len(layers[0].kernel),)),
            *([keras.layers.UnitNormalization()] if layers[0].unit_length else []),
            *[keras.layers.Dense(len(one.bias), name) for one, name in zip(layers, activations, strict=True)],
        ]
    )
    model.set_weights([array for layer in layers for array in (layer.kernel, layer.bias)])
    model.save(path)
