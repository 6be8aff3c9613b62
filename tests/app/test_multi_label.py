"""A model whose texts may have several labels, over HTTP, on the command line, in metrics and as a shadow."""

import asyncio
import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from app.__main__ import main
from app.classifier import load_classifier
from app.classifier.manifest import Manifest
from app.serving.shadow import Shadow
from app.telemetry.drift import Drift
from app.telemetry.prometheus.metrics import Metrics
from app.telemetry.prometheus.shadow_metrics import comparison
from tests.any_bundles import numbered
from tests.app.conftest import Start
from tests.app.metrics import read
from tests.tiny_bundle import write_any_bundle

THRESHOLDS = [0.5, 0.5, 0.5, 0.5]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "several" / "1"
    return write_any_bundle(folder, numbered(4), format=4, multi_label={"thresholds": THRESHOLDS})


@pytest.fixture
def client(start: Start, bundle: Path) -> TestClient:
    return start(model=bundle)


def test_answer_has_every_label_of_the_text_and_independent_probabilities(client: TestClient) -> None:
    answer = client.post("/predict", json={"headline": "word1 word0 and more", "top_k": 4}).json()
    assert sorted(answer["topic_set"]) == ["t0", "t1"]
    assert [round(one["probability"], 3) for one in answer["predictions"]] == [0.982, 0.982, 0.018, 0.018]
    assert (answer["outside"], answer["abstained"]) == (None, None)
    assert client.get("/model").json()["multi_label"] == {"thresholds": THRESHOLDS}
    assert client.get("/model").json()["topic_set"] is None


def test_v2_has_a_tensor_of_the_labels_of_each_text(client: TestClient) -> None:
    outputs = {one["name"]: one for one in client.get("/v2/models/any").json()["outputs"]}
    assert outputs["topic_set"] == {"name": "topic_set", "datatype": "BOOL", "shape": [-1, 4]}
    tensor = {"name": "headline", "datatype": "BYTES", "shape": [2], "data": ["word2", "word3 word0"]}
    asked = {"inputs": [tensor], "outputs": [{"name": "topic_set"}]}
    reply = client.post("/v2/models/any/infer", json=asked).json()
    assert reply["outputs"] == [
        {
            "name": "topic_set",
            "datatype": "BOOL",
            "shape": [2, 4],
            "data": [False, False, True, False, True, False, False, True],
        }
    ]
    asked["outputs"] = [{"name": "topic_set", "parameters": {"binary_data": True}}]
    assert client.post("/v2/models/any/infer", json=asked).content.endswith(bytes([0, 0, 1, 0, 1, 0, 0, 1]))


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_command_line_writes_the_labels_of_each_text(bundle: Path, form: str) -> None:
    options = ["--model", str(bundle), "--format", form]
    out = CliRunner().invoke(main, ["classify", "word1 word2", "nothing known", *options]).stdout
    rows = [json.loads(line) for line in out.splitlines()] if form == "jsonl" else [*csv.DictReader(io.StringIO(out))]
    expected = [["t1", "t2"], []] if form == "jsonl" else ["t1 t2", ""]
    assert [one["topic_set"] for one in rows] == expected


def test_metrics_count_every_label_given(client: TestClient) -> None:
    client.post("/predict/batch", json={"headlines": ["word0 word1", "word1", "nothing known"]})
    value = read(client.get("/metrics").text)
    assert [value("topics_predictions_total", topic=f"t{i}") for i in range(4)] == [1, 2, 0, 0]


def test_drift_compares_the_labels_given_with_those_of_the_training_rows(bundle: Path) -> None:
    classifier = load_classifier(bundle)
    mix = {"t0": 0.5, "t1": 0.5, "t2": 0.0, "t3": 0.0}
    manifest: Manifest = classifier.bundle.manifest.model_copy(update={"reference": {"topic_mix": mix}})
    drift = Drift(manifest)
    drift.add(classifier.classify(["word0 word1"] * 200))
    index = drift.topics()
    assert index is not None
    assert index.headlines == 400
    assert abs(index.psi) < 0.1  # by the most probable label alone, all would be t0


def test_shadow_agrees_if_it_gives_the_same_labels(bundle: Path, tmp_path: Path) -> None:
    served = load_classifier(bundle)
    stricter = load_classifier(
        write_any_bundle(tmp_path / "1", numbered(4), format=4, multi_label={"thresholds": [0.5, 0.99, 0.5, 0.5]})
    )
    texts = ["word0", "word0 word1", "word1"]

    async def compare() -> None:
        metrics = Metrics()
        shadow = Shadow(stricter, served, metrics.shadow)
        shadow.offer(texts, served.classify(texts))
        shadow._work()
        assert comparison(metrics.registry, metrics.shadow.pair).agreed == 1

    asyncio.run(compare())
