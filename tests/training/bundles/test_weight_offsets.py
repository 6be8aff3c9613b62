import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from app.classifier.networks.weights import read_network
from tests.tiny_bundle import keras_file
from training.bundles.weight_offsets import ALIGNMENT, align, dense_layers

RNG = np.random.default_rng(2)
KERNELS = [RNG.normal(size=shape).astype(np.float32) for shape in ((7, 5), (5, 3))]
LAYERS = [(KERNELS[0], np.zeros(5, np.float32), "relu"), (KERNELS[1], np.zeros(3, np.float32), "softmax")]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.keras"
    path.write_bytes(keras_file(LAYERS))
    return path


def test_weights_are_found_where_they_lie(model: Path) -> None:
    layers = dense_layers(model)
    assert layers is not None
    content = model.read_bytes()
    for layer, (kernel, _, activation) in zip(layers, LAYERS, strict=True):
        found = np.frombuffer(content, "<f4", kernel.size, layer.kernel.offset).reshape(layer.kernel.shape)
        np.testing.assert_array_equal(found, kernel)
        assert layer.activation == activation


def test_aligned_model_holds_the_same_members_and_is_mapped_without_a_copy(model: Path) -> None:
    def members() -> dict[str, bytes]:
        with zipfile.ZipFile(model) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    before = members()
    align(model)
    assert members() == before
    layers = dense_layers(model)
    assert layers is not None
    assert layers[0].kernel.offset % 8 == 0
    kernel = read_network(model.read_bytes(), layers, model, "softmax")._first.kernel
    assert not kernel.flags.owndata
    np.testing.assert_array_equal(kernel, KERNELS[0])


def test_weights_begin_at_a_multiple_of_the_alignment(model: Path) -> None:
    align(model)
    start = model.read_bytes().index(b"\x89HDF")
    assert start % ALIGNMENT == 0


@pytest.mark.parametrize("unit_length", [False, True])
def test_first_layer_says_whether_its_input_is_scaled_to_length_1(tmp_path: Path, unit_length: bool) -> None:
    (tmp_path / "model.keras").write_bytes(keras_file(LAYERS, unit_length))
    layers = dense_layers(tmp_path / "model.keras")
    assert layers is not None
    assert [layer.unit_length for layer in layers] == [unit_length, False]


def changed(model: Path, change: str) -> None:
    with zipfile.ZipFile(model) as archive:
        config, weights = json.loads(archive.read("config.json")), archive.read("model.weights.h5")
    layers = config["config"]["layers"]
    if change == "functional":
        config["class_name"] = "Functional"
    elif change == "no layer":
        config["config"]["layers"] = layers[:1]
    elif change == "another layer":
        layers[1]["class_name"] = "BatchNormalization"
    elif change == "another activation":
        layers[1]["config"]["activation"] = "gelu"
    elif change == "no bias":
        layers[1]["config"]["use_bias"] = False
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", weights)
    model.write_bytes(buffer.getvalue())


@pytest.mark.parametrize("change", ["functional", "no layer", "another layer", "another activation", "no bias"])
def test_model_that_is_no_stack_of_dense_layers_has_no_layout(model: Path, change: str) -> None:
    changed(model, change)
    assert dense_layers(model) is None
