import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classifier import BundleError
from app.classifier.inference import products
from app.classifier.networks.dense_network import Dense, DenseNetwork

RNG = np.random.default_rng(1)
LAYERS = [
    Dense(RNG.normal(size=(20, 6)).astype(np.float32), RNG.normal(size=6).astype(np.float32), "relu"),
    Dense(RNG.normal(size=(6, 5)).astype(np.float32), RNG.normal(size=5).astype(np.float32), "tanh"),
    Dense(RNG.normal(size=(5, 4)).astype(np.float32), RNG.normal(size=4).astype(np.float32), "linear"),
]
WIDE = [
    Dense(RNG.normal(size=(300, 128)).astype(np.float32), RNG.normal(size=128).astype(np.float32), "linear", True),
    Dense(RNG.normal(size=(128, 446)).astype(np.float32), RNG.normal(size=446).astype(np.float32), "relu"),
    Dense(RNG.normal(size=(446, 46)).astype(np.float32), RNG.normal(size=46).astype(np.float32), "linear"),
]
"""With the widths of the shipped bundles: BLAS rounds smaller products equally in any batch."""
MANY_LABELS = [
    WIDE[0],
    Dense(RNG.normal(size=(128, 550)).astype(np.float32), RNG.normal(size=550).astype(np.float32), "relu"),
    Dense(RNG.normal(size=(550, 150)).astype(np.float32), RNG.normal(size=150).astype(np.float32), "linear"),
]
"""More inputs than BLAS adds up at once, and no multiple of 16 units."""
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


@cache
def network_of(name: str, separately: bool) -> DenseNetwork:
    """A network, also as on a processor where BLAS rounds a row differently in a batch."""
    network = DenseNetwork({"wide": WIDE, "many labels": MANY_LABELS}[name])
    with pytest.MonkeyPatch.context() as patch:
        if separately:
            patch.setattr(products, "rows_agree", lambda *_: False)
        assert network._min_rows in ({1} if separately else {1, 2})
    return network


@pytest.mark.parametrize("name", ["wide", "many labels"])
@pytest.mark.parametrize("separately", [False, True])
@given(ids=st.lists(st.lists(st.integers(0, 299), unique=True, max_size=120).map(sorted), min_size=1, max_size=140))
def test_batch_answers_as_each_alone_to_the_last_bit(separately: bool, name: str, ids: list[list[int]]) -> None:
    network = network_of(name, separately)
    assert np.array_equal(network.logits(ids), np.concatenate([network.logits([one]) for one in ids]))


@pytest.mark.parametrize("kernels", ["Haswell", "SkylakeX", "Nehalem", "Prescott"])
def test_batch_answers_as_each_alone_with_the_routines_for_other_processors(kernels: str) -> None:
    if kernels == "SkylakeX" and "avx512f" not in Path("/proc/cpuinfo").read_text():
        pytest.skip("needs AVX-512")
    script = (
        "import numpy as np\n"
        "from tests.classifier.networks.test_dense_network import WIDE, MANY_LABELS, DenseNetwork, RNG\n"
        "ids = [sorted(RNG.choice(300, k, replace=False).tolist()) for k in RNG.integers(1, 120, 120)]\n"
        "for n in DenseNetwork(WIDE), DenseNetwork(MANY_LABELS):\n"
        "    alone = np.concatenate([n.logits([one]) for one in ids])\n"
        "    assert all(np.array_equal(n.logits(ids[:k]), alone[:k]) for k in range(1, 121))"
    )
    environment = os.environ | {"OPENBLAS_CORETYPE": kernels, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_long_texts_among_short_ones_are_summed_correctly() -> None:
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


@given(
    st.sets(st.integers(0, 19)),
    st.lists(st.tuples(st.sets(st.integers(0, 19)), st.sets(st.integers(0, 19))), min_size=1),
)
@pytest.mark.parametrize("unit_length", [False, True])
def test_variant_has_the_logits_of_its_ids(
    unit_length: bool, ids: set[int], changes: list[tuple[set[int], set[int]]]
) -> None:
    network = DenseNetwork([replace(LAYERS[0], unit_length=unit_length), *LAYERS[1:]])
    changes = [(lost & ids, gained - ids) for lost, gained in changes]
    expected = network.logits([sorted(ids.difference(lost) | gained) for lost, gained in changes])
    found = network.logits_of_variants(sorted(ids), [(sorted(lost), sorted(gained)) for lost, gained in changes])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_layer_in_the_middle_that_scales_its_input_is_refused() -> None:
    with pytest.raises(BundleError, match="only the first layer may scale its input"):
        DenseNetwork([LAYERS[0], replace(LAYERS[1], unit_length=True)])


def test_layers_that_do_not_chain_are_refused() -> None:
    with pytest.raises(BundleError, match="a layer of 6 units feeds one of 5 inputs"):
        DenseNetwork([LAYERS[0], LAYERS[2]])


def test_hidden_layer_that_is_too_wide_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.classifier.networks.dense_network.MAX_HIDDEN_UNITS", 6)
    DenseNetwork(LAYERS)
    monkeypatch.setattr("app.classifier.networks.dense_network.MAX_HIDDEN_UNITS", 5)
    with pytest.raises(BundleError, match="a layer before the last one has 6 units, more than 5"):
        DenseNetwork(LAYERS)


def test_width_of_the_last_layer_is_not_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.classifier.networks.dense_network.MAX_HIDDEN_UNITS", 5)
    DenseNetwork([replace(LAYERS[0], activation="linear")])


def test_no_layer_is_refused() -> None:
    with pytest.raises(BundleError, match="no dense layer"):
        DenseNetwork([])
