from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.classifier import BundleError, TopicClassifier, build_classifier, load_bundle
from app.classifier.bundle import Golden
from app.classifier.calibration import Calibrator
from app.classifier.inference.products import Floats
from app.classifier.manifest import Calibration, Outside
from app.classifier.networks.dense_network import DenseNetwork
from app.classifier.networks.weights import read_network
from tests.tiny_bundle import write_sets_bundle


@pytest.mark.parametrize(("off", "refused"), [(5e-6, False), (2e-5, True)])
def test_probability_may_differ_by_a_hundred_thousandth(tiny_bundle: Path, off: float, refused: bool) -> None:
    bundle = load_bundle(tiny_bundle)
    first, *others = bundle.golden[0].probabilities
    golden = bundle.golden[0].model_copy(update={"probabilities": (first + off, *others)})
    with pytest.raises(BundleError, match="golden headlines") if refused else nullcontext():
        build_classifier(replace(bundle, golden=(golden,)), "numpy", 0.0)


@pytest.mark.parametrize(("off", "refused"), [(5e-5, False), (2e-4, True)])
def test_outside_probability_may_differ_by_a_ten_thousandth(outside_bundle: Path, off: float, refused: bool) -> None:
    bundle = load_bundle(outside_bundle)
    assert bundle.golden[0].outside is not None
    golden = bundle.golden[0].model_copy(update={"outside": bundle.golden[0].outside + off})
    with pytest.raises(BundleError, match="golden headlines") if refused else nullcontext():
        build_classifier(replace(bundle, golden=(golden,)), "numpy", 0.0)


class InexactNetwork(DenseNetwork):
    """Each logit differs by `off` times the largest, the best ones upwards and the others downwards."""

    off = 0.0

    def logits(self, ids: Sequence[Sequence[int]]) -> Floats:
        units = super().logits(ids)
        signs = np.where(units == units.max(axis=1, keepdims=True), 1, -1)
        return (units + self.off * np.abs(units).max() * signs).astype(np.float32)


@pytest.mark.parametrize(("off", "refused"), [(2e-6, False), (1e-5, True)])
@pytest.mark.parametrize("with_outside", [False, True])
def test_tolerance_allows_for_rounding_that_a_low_temperature_magnifies(
    with_outside: bool, off: float, refused: bool, outside_bundle: Path, tiny_bundle: Path
) -> None:
    bundle = load_bundle(outside_bundle if with_outside else tiny_bundle)
    changes: dict[str, object] = {"calibration": Calibration(intercept=-3)}
    if with_outside:  # nearly even odds: the best topic of the two has a log-odds of 1.58
        changes["outside"] = Outside(intercept=-32, score=0, confidence=20, threshold=0.5)
    manifest = bundle.manifest.model_copy(update=changes)
    assert manifest.network is not None
    network = InexactNetwork(read_network(bundle.model, manifest.network, bundle.model_path, "softmax").layers)
    plain = TopicClassifier(bundle, network)
    [probabilities], outside = Calibrator(manifest).topics_and_outside(
        network.logits([plain.encoder.encode("opec bullion").ids]), [0.0]
    )
    assert outside is None or 0.2 < outside[0] < 0.8
    golden = Golden(headline="opec bullion", probabilities=probabilities.tolist(), outside=outside and outside[0])
    bundle = replace(bundle, manifest=manifest, golden=(golden,))
    network.off = off
    changed = Calibrator(manifest).topics(network.logits([plain.encoder.encode("opec bullion").ids]), [0.0])
    assert np.abs(changed - probabilities).max() > 4e-5
    with pytest.raises(BundleError, match="golden headlines") if refused else nullcontext():
        TopicClassifier(bundle, network)
    if refused:
        return
    # Each probability is compared with its own tolerance: that of a topic with a probability of nearly 0 is smaller.
    least = np.eye(len(probabilities))[probabilities.argmin()]
    wrong = golden.model_copy(update={"probabilities": tuple((probabilities + 3e-5 * least).tolist())})
    with pytest.raises(BundleError, match="golden headlines differ by 3e-05"):
        TopicClassifier(replace(bundle, golden=(wrong,)), network)
    if outside is not None:
        wrong = golden.model_copy(update={"outside": outside[0] + 0.01})
        with pytest.raises(BundleError, match=r"differ by 0\.\d+ .* \(tolerance 0\.00"):
            TopicClassifier(replace(bundle, golden=(wrong,)), network)


@pytest.mark.parametrize(("off", "refused"), [(2e-6, False), (1e-5, True)])
def test_tolerance_of_outside_allows_for_rounding_that_its_score_magnifies(
    off: float, refused: bool, outside_bundle: Path
) -> None:
    bundle = load_bundle(outside_bundle)
    assert bundle.manifest.network is not None
    network = InexactNetwork(read_network(bundle.model, bundle.manifest.network, bundle.model_path, "softmax").layers)
    plain = TopicClassifier(bundle, network)
    units = network.logits([plain.encoder.encode("opec bullion").ids])
    even_odds = Outside(intercept=-100 * float(units[0, -1]), score=100, threshold=0.5)
    manifest = bundle.manifest.model_copy(update={"outside": even_odds})
    [probabilities], outside = Calibrator(manifest).topics_and_outside(units, [0.0])
    assert outside == [pytest.approx(0.5, abs=0.01)]
    golden = Golden(headline="opec bullion", probabilities=probabilities.tolist(), outside=outside[0])
    network.off = off
    with pytest.raises(BundleError, match="golden headlines") if refused else nullcontext():
        TopicClassifier(replace(bundle, manifest=manifest, golden=(golden,)), network)


@pytest.mark.parametrize("intercept", [-10, 10])
def test_tolerance_of_any_temperature_is_a_number(intercept: float, outside_bundle: Path) -> None:
    bundle = load_bundle(outside_bundle)
    changes = {
        "calibration": Calibration(intercept=intercept, gap_slope=intercept, unknown_slope=intercept),
        "outside": Outside(intercept=0, score=100, confidence=100, threshold=0.5),
    }
    with pytest.raises(BundleError, match=r"golden headlines differ by 0\.\d+ "):
        build_classifier(replace(bundle, manifest=bundle.manifest.model_copy(update=changes)), "numpy", 0.0)


def test_own_answers_are_accepted_at_the_lowest_temperature(outside_bundle: Path) -> None:
    bundle = load_bundle(outside_bundle)
    changes = {
        "calibration": Calibration(intercept=-10, gap_slope=-10, unknown_slope=-10),
        "outside": Outside(intercept=0, score=100, confidence=100, threshold=0.5),
    }
    manifest = bundle.manifest.model_copy(update=changes)
    assert manifest.network is not None
    network = read_network(bundle.model, manifest.network, bundle.model_path, "softmax")
    encoded = TopicClassifier(bundle, network).encoder.encode("opec bullion")
    [probabilities], outside = Calibrator(manifest).topics_and_outside(network.logits([encoded.ids]), [0.0])
    assert outside is not None
    golden = Golden(headline="opec bullion", probabilities=probabilities.tolist(), outside=outside[0])
    TopicClassifier(replace(bundle, manifest=manifest, golden=(golden,)), network)


def test_network_with_an_infinite_logit_is_refused_even_if_no_probability_shows_it(tmp_path: Path) -> None:
    class Infinite(DenseNetwork):
        def logits(self, ids: Sequence[Sequence[int]]) -> Floats:
            units = super().logits(ids)
            units[units < -50] = -np.inf  # instead of a probability below 1e-25
            return units

    bundle = load_bundle(write_sets_bundle(tmp_path / "bundle"))
    assert bundle.manifest.network is not None
    network = read_network(bundle.model, bundle.manifest.network, bundle.model_path, "softmax")
    plain = TopicClassifier(bundle, network)
    probabilities = tuple(plain.probabilities(plain.encode(["certain"]))[0].tolist())
    bundle = replace(bundle, golden=(Golden(headline="certain", probabilities=probabilities),))
    TopicClassifier(bundle, network)
    with pytest.raises(BundleError, match="golden headlines differ by nan"):
        TopicClassifier(bundle, Infinite(network.layers))
