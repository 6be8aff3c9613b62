"""Merges the linear SVM and the MLPs into one stack of dense layers of low rank."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from app.classifier.inference.products import Floats
from app.classifier.manifest import OutputActivation
from app.classifier.networks.dense_network import Dense
from training.headlines.mlp import Layers
from training.tensorflow_import import import_tensorflow

_MAX_INPUTS = 60_000_000
"""Maximum number of texts times units whose inputs are in memory at once."""
_BATCH_ROWS = 65_536
"""Texts whose scores are computed at once."""


def merge(linear: Floats, networks: Layers, share: float, texts: sp.csr_matrix, width: int) -> tuple[Dense, ...]:
    """Make three layers whose logits approximate `share` times the SVM's scores plus the MLPs' logits.

    The first layer scales texts to length 1, as the SVM and the MLPs expect.

    The first kernels of the SVM and of all MLPs, side by side, form one wide matrix. It is replaced by its best
    approximation of rank `width` on `texts`: the principal components of the units' inputs, each unit weighted by the
    length of its outgoing weights. The second layer maps these components back to the units' inputs.

    The second layer has relu, which would cut negative scores of the SVM off. So an offset is added to them there, and
    subtracted in the third layer. If there are more scores than components, the components are passed on with an offset
    instead, and the third layer computes the scores from them. A share of 0 needs neither.

    Args:
        linear: kernel of the SVM, float32 [features, units]; the last may be of the outside class.
        networks: all MLPs as one.
        share: weight of the SVM's scores.
        texts: rows of length 1, float32 [n, features], like those to be served.
        width: units of the first layer.

    Returns:
        [features, width] linear, [width, hidden] relu, [hidden, units] linear; the softmax is not included.
    """
    count = linear.shape[1] if share else 0
    scale = np.concatenate([np.ones(count), np.linalg.norm(networks.out, axis=1) + 1e-6]).astype(np.float32)
    kernels = np.concatenate([np.float32(share) * linear[:, :count], networks.kernel], axis=1) * scale
    # A sample of the texts gives nearly the same directions; the inputs of a million texts would take gigabytes.
    received = np.asarray(texts[:: 1 + texts.shape[0] * kernels.shape[1] // _MAX_INPUTS] @ kernels)
    _, directions = np.linalg.eigh(received.T @ received)
    directions = directions[:, ::-1][:, :width]
    down, up = (kernels @ directions).astype(np.float32), (directions.T / scale).astype(np.float32)
    if count > width:
        passed, scores, offset = np.eye(width, dtype=np.float32), up[:, :count], -_min_sums(down)
    else:
        # Half as large again as any of these texts needs; for other texts, lower scores are cut off, which only affects
        # topics with a probability near 0.
        passed, scores = up[:, :count], np.eye(count, linear.shape[1], dtype=np.float32)
        offset = -1.5 * _min_scores(texts, down, passed)
    return (
        Dense(down, np.zeros(down.shape[1], np.float32), "linear", unit_length=True),
        Dense(
            np.concatenate([passed, up[:, count:]], axis=1),
            np.concatenate([offset, networks.bias]).astype(np.float32),
            "relu",
        ),
        Dense(
            np.concatenate([scores, networks.out]),
            (networks.out_bias - offset @ scores).astype(np.float32),
            "linear",
        ),
    )


def _min_scores(texts: sp.csr_matrix, down: Floats, up: Floats) -> Floats:
    """The lowest score of each unit of the SVM on any of the texts, at most 0: float32 [units]."""
    lowest = np.zeros(up.shape[1], np.float32)
    for start in range(0, texts.shape[0], _BATCH_ROWS):
        np.minimum(lowest, (texts[start : start + _BATCH_ROWS] @ down @ up).min(axis=0), out=lowest)
    return lowest


def _min_sums(kernel: Floats) -> Floats:
    """The lowest possible value of each column's sum over the ones of a text, at most 0: float32 [columns].

    A text with n ones is scaled by 1 / sqrt(n), so its lowest sum is that of the n lowest weights, divided by sqrt(n).
    """
    roots = np.sqrt(np.arange(1, len(kernel) + 1, dtype=np.float32))
    columns = (np.cumsum(np.sort(np.minimum(column, 0)), dtype=np.float32) / roots for column in kernel.T)
    return np.array([column.min() for column in columns], np.float32)


def save_stack(layers: Sequence[Dense], path: Path, output: OutputActivation = "softmax") -> None:
    """Save dense layers as a Keras model: multi-hot rows, float32 [n, features], to outputs, float32 [n, units].

    With an outside class the last unit is its score, so the softmax of all units does not give the topics'
    probabilities: the service drops it, calibrates the logits, and applies softmax to the topics' units alone.

    Args:
        layers: as `merge` returns them.
        path: file to write, ending with .keras.
        output: activation of the last layer.

    Raises:
        OSError: the file cannot be written.
    """
    import_tensorflow()
    import keras  # noqa: PLC0415 - takes seconds and 0.5 GB

    keras.utils.clear_session()  # layer names then do not depend on how many networks were built before
    activations = [layer.activation for layer in layers[:-1]] + [output]
    model = keras.Sequential(
        [
            keras.Input((len(layers[0].kernel),)),
            *([keras.layers.UnitNormalization()] if layers[0].unit_length else []),
            *[keras.layers.Dense(len(layer.bias), name) for layer, name in zip(layers, activations, strict=True)],
        ]
    )
    model.set_weights([array for layer in layers for array in (layer.kernel, layer.bias)])
    model.save(path)
