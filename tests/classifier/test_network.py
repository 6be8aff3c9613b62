from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classifier import BundleError
from app.classifier.bundle import MODEL, load_bundle
from app.classifier.network import Dense, DenseNetwork, read_network
from tests.tiny_bundle import SIZE

RNG = np.random.default_rng(1)
LAYERS = [
    Dense(RNG.normal(size=(20, 6)).astype(np.float32), RNG.normal(size=6).astype(np.float32), "relu"),
    Dense(RNG.normal(size=(6, 5)).astype(np.float32), RNG.normal(size=5).astype(np.float32), "tanh"),
    Dense(RNG.normal(size=(5, 4)).astype(np.float32), RNG.normal(size=4).astype(np.float32), "linear"),
]
id_lists = st.lists(st.lists(st.integers(0, 19), unique=True, max_size=20).map(sorted), min_size=1, max_size=8)


@given(id_lists)
def test_row_sums_equal_the_matrix_product(ids: list[list[int]]) -> None:
    x = np.zeros((len(ids), 20), np.float32)
    for row, ones in zip(x, ids, strict=True):
        row[ones] = 1
    x = np.maximum(x @ LAYERS[0].kernel + LAYERS[0].bias, 0)
    x = np.tanh(x @ LAYERS[1].kernel + LAYERS[1].bias)
    np.testing.assert_allclose(
        DenseNetwork(LAYERS).logits(ids), x @ LAYERS[2].kernel + LAYERS[2].bias, rtol=1e-4, atol=1e-5
    )


@given(id_lists)
def test_batch_answers_as_each_alone(ids: list[list[int]]) -> None:
    network = DenseNetwork(LAYERS)
    alone = np.concatenate([network.logits([one]) for one in ids])
    np.testing.assert_allclose(network.logits(ids), alone, rtol=1e-5, atol=1e-5)


def test_long_texts_among_short_ones_are_summed_all_the_same() -> None:
    kernel = RNG.normal(size=(300, 8)).astype(np.float32)
    network = DenseNetwork([Dense(kernel, np.zeros(8, np.float32), "linear")])
    ids = [sorted(RNG.choice(300, length, replace=False).tolist()) for length in RNG.permutation(150)]
    sums = np.array([kernel[one].sum(axis=0) for one in ids])
    np.testing.assert_allclose(network.logits(ids), sums, rtol=1e-4, atol=1e-4)


@given(id_lists)
def test_rows_of_length_1_are_multi_hot_rows_by_the_root_of_their_ones(ids: list[list[int]]) -> None:
    x = np.zeros((len(ids), 20), np.float32)
    for row, ones in zip(x, ids, strict=True):
        row[ones] = 1 / max(len(ones), 1) ** 0.5
    layer = replace(LAYERS[0], activation="linear", unit_length=True)
    np.testing.assert_allclose(DenseNetwork([layer]).logits(ids), x @ layer.kernel + layer.bias, rtol=1e-4, atol=1e-5)


def test_layer_in_the_middle_that_scales_its_input_is_refused() -> None:
    with pytest.raises(BundleError, match="a layer in the middle scales its input"):
        DenseNetwork([LAYERS[0], replace(LAYERS[1], unit_length=True)])


def test_layers_that_do_not_chain_are_refused() -> None:
    with pytest.raises(BundleError, match="a layer of 6 units feeds one of 5 inputs"):
        DenseNetwork([LAYERS[0], LAYERS[2]])


def test_no_layer_is_refused() -> None:
    with pytest.raises(BundleError, match="no dense layer"):
        DenseNetwork([])


@pytest.mark.slow
def test_keras_agrees_with_numpy(tiny_bundle: Path) -> None:
    pytest.importorskip("keras")
    from app.classifier import load_classifier

    headlines = ["oil prices rise opec", "wheat", "filler1 filler2 zimbabwe", "unknown", ""]
    numpy_, keras = (load_classifier(tiny_bundle, runtime) for runtime in ("numpy", "keras"))
    encoded = [numpy_.encoder.encode(one) for one in headlines]
    np.testing.assert_allclose(numpy_.probabilities(encoded), keras.probabilities(encoded), atol=1e-5)


@pytest.mark.slow
def test_file_that_keras_cannot_load_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    from app.classifier.keras_network import read_keras_network

    with pytest.raises(BundleError, match="is not a Keras model"):
        read_keras_network(b"PK", tmp_path / MODEL)


def test_tiny_network_has_the_widths_it_says(tiny_bundle: Path) -> None:
    bundle = load_bundle(tiny_bundle)
    assert bundle.manifest.network is not None
    assert read_network(bundle.model, bundle.manifest.network, bundle.model_path).shape == (SIZE, 46)
