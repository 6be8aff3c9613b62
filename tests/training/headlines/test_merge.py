from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from app.classifier.inference.products import Floats
from app.classifier.networks.dense_network import Dense, DenseNetwork
from app.classifier.networks.weights import read_network
from training.bundles.weight_offsets import align, dense_layers
from training.headlines.merge import merge, save_stack
from training.headlines.mlp import Layers
from training.headlines.vocabulary import unit_length


@pytest.fixture
def parts() -> tuple[Floats, Layers, sp.csr_matrix]:
    """A linear kernel, networks with 8 units, and 20 texts of about 9 out of 30 words."""
    rng = np.random.default_rng(0)
    shapes = ((30, 8), (8,), (8, 47), (47,))
    networks = Layers(*(rng.normal(size=shape).astype(np.float32) for shape in shapes))
    texts = unit_length(sp.csr_matrix((rng.random((20, 30)) < 0.3).astype(np.float32)))
    return rng.normal(size=(30, 47)).astype(np.float32), networks, texts


def ask(layers: tuple[Dense, ...], texts: sp.csr_matrix) -> Floats:
    return DenseNetwork(layers).logits([row.indices.tolist() for row in texts])


def test_at_full_rank_the_scores_of_both_are_added(parts: tuple[Floats, Layers, sp.csr_matrix]) -> None:
    linear, networks, texts = parts
    wanted = 0.5 * (texts @ linear) + networks.logits(texts)
    np.testing.assert_allclose(ask(merge(linear, networks, 0.5, texts, 55), texts), wanted, atol=1e-3)


def test_texts_unlike_those_of_the_training_are_scored_alike_if_components_pass_for_scores(
    parts: tuple[Floats, Layers, sp.csr_matrix],
) -> None:
    linear, networks, _ = parts
    texts = unit_length(sp.csr_matrix((np.random.default_rng(1).random((90, 30)) < 0.3).astype(np.float32)))
    layers = merge(linear, networks, 4.0, texts, 30)  # less than 47 scores, and the rank of 30 words
    assert layers[1].kernel.shape == (30, 30 + 8)
    others = unit_length(sp.csr_matrix(np.tril(np.ones((30, 30), np.float32))[:, np.argsort(linear[:, 0])]))
    np.testing.assert_allclose(ask(layers, others), 4.0 * (others @ linear) + networks.logits(others), atol=1e-2)


def test_networks_alone_have_no_units_for_scores(parts: tuple[Floats, Layers, sp.csr_matrix]) -> None:
    linear, networks, texts = parts
    layers = merge(linear, networks, 0.0, texts, 20)
    assert [layer.kernel.shape for layer in layers] == [(30, 8), (8, 8), (8, 47)]
    np.testing.assert_allclose(ask(layers, texts), networks.logits(texts), atol=1e-3)


def test_approximation_improves_with_the_rank(parts: tuple[Floats, Layers, sp.csr_matrix]) -> None:
    linear, networks, texts = parts
    wanted = 0.5 * (texts @ linear) + networks.logits(texts)
    gaps = [np.abs(ask(merge(linear, networks, 0.5, texts, width), texts) - wanted).mean() for width in (4, 10, 16)]
    assert gaps[0] > gaps[1] > gaps[2]


def test_units_with_larger_weights_are_approximated_better(parts: tuple[Floats, Layers, sp.csr_matrix]) -> None:
    _, networks, texts = parts
    out = np.zeros((8, 47), np.float32)
    out[0, 0], out[1:, 1] = 1e-2, 1e-4  # one unit has a hundred times the weight of each other one
    networks = Layers(networks.kernel, np.zeros(8, np.float32), out, np.zeros(47, np.float32))
    layers = merge(np.zeros((30, 47), np.float32), networks, 1.0, texts, 1)
    wanted = networks.logits(texts)[:, 0]
    np.testing.assert_allclose(ask(layers, texts)[:, 0], wanted, atol=0.02 * wanted.max())


def test_stack_is_of_single_precision_throughout(parts: tuple[Floats, Layers, sp.csr_matrix]) -> None:
    layers = merge(*parts[:2], 0.5, parts[2], 20)
    assert {array.dtype for layer in layers for array in (layer.kernel, layer.bias)} == {np.dtype(np.float32)}
    assert [layer.activation for layer in layers] == ["linear", "relu", "linear"]
    assert [layer.unit_length for layer in layers] == [True, False, False]


def test_saved_stack_is_served_as_it_was_made(parts: tuple[Floats, Layers, sp.csr_matrix], tmp_path: Path) -> None:
    linear, networks, texts = parts
    stack = merge(linear, networks, 0.5, texts, 20)
    save_stack(stack, tmp_path / "model.keras")
    align(tmp_path / "model.keras")
    layers = dense_layers(tmp_path / "model.keras")
    assert layers is not None
    path = tmp_path / "model.keras"
    served = read_network(path.read_bytes(), layers, path, "softmax").logits([row.indices.tolist() for row in texts])
    np.testing.assert_allclose(served, ask(stack, texts), atol=1e-4)


@pytest.mark.parametrize(
    ("most", "used"), [(1_101, slice(None)), (1_100, slice(None, None, 2)), (366, slice(None, None, 4))]
)
def test_so_many_inputs_of_units_are_computed_for_every_nth_text(
    parts: tuple[Floats, Layers, sp.csr_matrix], monkeypatch: pytest.MonkeyPatch, most: int, used: slice
) -> None:
    linear, networks, texts = parts  # 20 texts, and 47 units of the SVM and 8 of the networks: 1,100 inputs
    expected = merge(linear, networks, 0.5, texts[used], 10)
    monkeypatch.setattr("training.headlines.merge._MAX_INPUTS", most)
    assert np.array_equal(merge(linear, networks, 0.5, texts, 10)[0].kernel, expected[0].kernel)
