"""The linear machine and the networks as one stack of two dense layers, exactly."""

from pathlib import Path
from typing import Final

import numpy as np

from app.classifier.network import Floats
from training.headlines.networks import Layers

HEADROOM: Final = 64.0
"""Added to linear scores so that relu lets them pass, and taken off behind it; what is cut off is below any hope."""


def merge(linear: Floats, networks: Layers, share: float) -> Layers:
    """One network whose logits are `share` times the linear scores plus the networks' logits.

    Its hidden layer holds the linear machine's units beside those of the networks.
    """
    topics = linear.shape[1]
    return Layers(
        kernel=np.concatenate([np.float32(share) * linear, networks.kernel], axis=1),
        bias=np.concatenate([np.full(topics, HEADROOM, np.float32), networks.bias]),
        out=np.concatenate([np.eye(topics, dtype=np.float32), networks.out]),
        out_bias=networks.out_bias - np.float32(HEADROOM),
    )


def save_merged(layers: Layers, path: Path) -> None:
    """Save as a Keras stack of dense layers, multi-hot in, probabilities out."""
    import keras  # noqa: PLC0415

    model = keras.Sequential(
        [
            keras.Input((layers.kernel.shape[0],)),
            keras.layers.Dense(layers.kernel.shape[1], "relu"),
            keras.layers.Dense(layers.out.shape[1], "softmax"),
        ]
    )
    model.set_weights([layers.kernel, layers.bias, layers.out, layers.out_bias])
    model.save(path)
