"""The runtime that a bundle is loaded with."""

from pathlib import Path

import pytest

from app.classifier import BundleError, load_classifier
from app.classifier.calibration import softmax
from app.classifier.inference.products import Floats
from app.classifier.networks.keras_network import KerasNetwork


def test_keras_model_of_other_layers_is_refused_where_logits_are_needed(
    outside_bundle: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Model:
        input_shape, output_shape = (None, 300), (None, 46)

        def __call__(self, multi_hot: Floats, training: bool) -> Floats:
            plain = load_classifier(tiny_bundle)
            return softmax(plain._network.logits([row.nonzero()[0].tolist() for row in multi_hot]))

    monkeypatch.setattr(
        "app.classifier.loading.read_keras_network", lambda *_: KerasNetwork(Model(), Path("model.keras"))
    )
    assert load_classifier(tiny_bundle, "keras").classify(["oil"])[0].labels[0] == 16
    with pytest.raises(BundleError, match="need a model whose last layer is dense with softmax"):
        load_classifier(outside_bundle, "keras")
