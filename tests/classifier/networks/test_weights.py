from pathlib import Path

import numpy as np
import pytest

from app.classifier import BundleError
from app.classifier.bundle import MODEL, load_bundle
from app.classifier.manifest import Array, DenseLayer
from app.classifier.networks.weights import read_network
from tests.tiny_bundle import SIZE


def test_weights_may_end_with_the_file_and_no_byte_later() -> None:
    values = np.arange(6, dtype="<f4")
    content = b"xxxx" + values.tobytes()
    layer = DenseLayer(
        kernel=Array(offset=4, shape=(2, 2)), bias=Array(offset=20, shape=(2,)), activation="softmax", unit_length=False
    )
    network = read_network(content, [layer], Path(MODEL), "softmax")
    assert network.layers[0].kernel.tolist() == [[0, 1], [2, 3]]
    assert network.layers[0].bias.tolist() == [4, 5]
    with pytest.raises(BundleError, match="too short for the weights"):
        read_network(content[:-1], [layer], Path(MODEL), "softmax")


def test_layers_that_name_the_same_weights_are_refused() -> None:
    def layer(activation: str) -> DenseLayer:
        return DenseLayer(
            kernel=Array(offset=1, shape=(20, 20)), bias=Array(offset=1, shape=(20,)), activation=activation
        )

    read_network(bytes(1681), [layer("softmax")], Path(MODEL), "softmax")
    with pytest.raises(BundleError, match="too short for the weights"):
        read_network(bytes(1681), [layer("relu"), layer("softmax")], Path(MODEL), "softmax")


@pytest.mark.parametrize("activations", [["relu", "linear"], ["softmax", "softmax"], ["softmax", "relu"], []])
def test_softmax_must_be_last_and_nowhere_else(activations: list[str]) -> None:
    kernel, bias = Array(offset=0, shape=(2, 2)), Array(offset=16, shape=(2,))
    layers = [DenseLayer(kernel=kernel, bias=bias, activation=one) for one in activations]
    with pytest.raises(BundleError, match="must be a softmax"):
        read_network(bytes(24), layers, Path(MODEL), "softmax")


def test_tiny_network_has_the_widths_it_says(tiny_bundle: Path) -> None:
    bundle = load_bundle(tiny_bundle)
    assert bundle.manifest.network is not None
    assert read_network(bundle.model, bundle.manifest.network, bundle.model_path, "softmax").shape == (SIZE, 46)
