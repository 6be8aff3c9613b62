"""Other runtimes name the service's topics, also with a model that has an outside class."""

from collections.abc import Callable

import pytest

from app.classifier import load_bundle, load_classifier
from benchmarks.speed import runtimes
from tests.server import ROOT

TEXTS = ["oil prices rise as opec cuts output", "film star wins prize", "gold falls to a three-month low"]


@pytest.mark.parametrize("infer", [runtimes.keras_predict, runtimes.tf_function, runtimes.onnx_runtime])
@pytest.mark.parametrize("name", ["headlines/7", "book/1"])
def test_other_runtimes_rank_the_topics_as_the_service_does(name: str, infer: Callable[..., runtimes.Infer]) -> None:
    path = ROOT / "models" / name
    bundle = load_bundle(path)
    found = runtimes.classify_with(bundle, infer(bundle))(TEXTS)
    expected = load_classifier(path).classify(TEXTS, 5)
    assert [[label for label, _ in one][:1] for one in found] == [one.labels[:1] for one in expected]
    assert all(label < len(bundle.manifest.topics) for one in found for label, _ in one)
