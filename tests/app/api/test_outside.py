"""The outside class over HTTP: /predict, /predict/batch, /v2, explanations, /topics and /model."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.classifier import load_classifier
from tests.app.conftest import Start
from tests.tiny_bundle import OUTSIDE, write_outside_bundle

IN, OUT, NONE = "oil prices rise", "election court football", "zzyzx qqq"
INFER = "/v2/models/tiny/infer"


@pytest.fixture
def client(start: Start, outside_bundle: Path) -> TestClient:
    return start(model=outside_bundle)


def infer(client: TestClient, *outputs: str, **parameters: object) -> Any:
    tensor = {"name": "headline", "shape": [3], "datatype": "BYTES", "data": [IN, OUT, NONE]}
    asked = [{"name": name, "parameters": parameters} for name in outputs]
    return client.post(INFER, json={"inputs": [tensor], "outputs": asked})


def test_answers_are_those_of_the_classifier_alone_and_in_a_batch(client: TestClient, outside_bundle: Path) -> None:
    expected = load_classifier(outside_bundle).classify([IN, OUT, NONE])
    batch = client.post("/predict/batch", json={"headlines": [IN, OUT, NONE]}).json()["results"]
    alone = [client.post("/predict", json={"headline": text}).json() for text in (IN, OUT, NONE)]
    for one, result, single in zip(expected, batch, alone, strict=True):
        assert (result["outside"], result["abstained"]) == (one.outside, one.abstained)
        assert single.pop("model") == {"name": "tiny", "version": "1"}
        assert single == result
    assert [one["abstained"] for one in batch] == [None, "outside", "no_known_words"]
    assert len(batch[1]["predictions"]) == 5
    assert batch[2]["outside"] is None


@pytest.mark.parametrize("intercept", [-100, 100])
def test_smallest_and_largest_probabilities_are_json(start: Start, tmp_path: Path, intercept: float) -> None:
    client = start(model=write_outside_bundle(tmp_path / "bundle", intercept=intercept))
    assert client.post("/predict", json={"headline": IN}).json()["outside"] == (intercept > 0)


def test_setting_overrides_the_threshold_of_the_bundle(start: Start, outside_bundle: Path) -> None:
    for threshold, abstained in ((1, None), (1e-6, "outside")):
        client = start(model=outside_bundle, outside_threshold=threshold)
        text = OUT if threshold == 1 else IN
        assert client.post("/predict", json={"headline": text}).json()["abstained"] == abstained
        assert client.get("/topics").json()["outside"]["threshold"] == threshold


def test_model_without_the_class_answers_null_everywhere(start: Start) -> None:
    client = start()
    assert client.post("/predict", json={"headline": OUT}).json()["outside"] is None
    assert client.post("/predict/batch", json={"headlines": [IN]}).json()["results"][0]["outside"] is None
    assert client.get("/model").json()["outside"] is None
    assert client.get("/topics").json()["outside"] is None
    assert "outside" not in [one["name"] for one in client.get("/v2/models/tiny").json()["outputs"]]
    refused = infer(client, "outside")
    assert refused.status_code == 422
    assert "The model has no output 'outside'" in refused.json()["detail"]


def test_model_and_topics_state_the_threshold_and_what_it_costs(start: Start, tmp_path: Path) -> None:
    client = start(model=write_outside_bundle(tmp_path / "bundle", lost=0.04, found=0.71))
    rates = {"false_positive_rate": 0.04, "true_positive_rate": 0.71}
    old_names = {"lost": 0.04, "found": 0.71}
    assert client.get("/topics").json()["outside"] == {"threshold": 0.5} | rates | old_names
    assert client.get("/model").json()["outside"] == OUTSIDE | {"lost": 0.04, "found": 0.71}


def test_outside_is_an_output_of_its_own_in_v2(client: TestClient) -> None:
    assert {"name": "outside", "datatype": "FP32", "shape": [-1]} in client.get("/v2/models/tiny").json()["outputs"]
    outside, abstained = infer(client, "outside", "abstained").json()["outputs"]
    batch = client.post("/predict/batch", json={"headlines": [IN, OUT, NONE]}).json()["results"]
    assert (outside["datatype"], outside["shape"]) == ("FP32", [3])
    assert outside["data"] == [batch[0]["outside"], batch[1]["outside"], 0.0]
    assert abstained["data"] == ["", "outside", "no_known_words"]
    binary = infer(client, "outside", binary_data=True)
    length = int(binary.headers["Inference-Header-Content-Length"])
    assert struct.unpack("<3f", binary.content[length:]) == pytest.approx(outside["data"])
    assert [one["name"] for one in infer(client).json()["outputs"]] == ["topic", "probability"]
    assert infer(client, "outside", classification=1).status_code == 422


def test_outside_answer_explains_the_outside_class(client: TestClient) -> None:
    answer = client.post("/predict", json={"headline": f"{OUT} zzyzx", "explain": True}).json()
    explanation = answer["explanation"]
    assert explanation["topic"] is None
    for word in explanation["words"]:
        left = f"{OUT} zzyzx".replace(word["word"], "")
        without = client.post("/predict", json={"headline": left}).json()["outside"]
        assert word["effect"] == pytest.approx(answer["outside"] - without, abs=1e-7)
    assert explanation["words"][3]["status"] == "unknown"
    assert explanation["words"][3]["effect"] != 0  # a word that the model does not know is evidence, too


def test_topic_named_for_the_explanation_is_explained_even_if_outside(client: TestClient) -> None:
    body = {"headline": f"oil {OUT}", "explain": True}
    assert client.post("/predict", json=body).json()["explanation"]["topic"] is None
    named = client.post("/predict", json=body | {"explain_topic": "crude"}).json()
    assert named["abstained"] == "outside"
    assert named["explanation"]["topic"] == "crude"
    assert named["explanation"]["words"][0]["effect"] > 0
    assert client.post("/predict", json={"headline": IN, "explain": True}).json()["explanation"]["topic"] == "crude"


def test_document_describes_outside_and_its_reason(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert "null" in json.dumps(schemas["Result"]["properties"]["outside"]["anyOf"])
    assert {"$ref": "#/components/schemas/Abstained"} in schemas["Result"]["properties"]["abstained"]["anyOf"]
    assert schemas["Abstained"]["enum"] == ["no_known_words", "outside", "low_confidence"]
    assert {"type": "null"} in schemas["Explanation"]["properties"]["topic"]["anyOf"]
    skill = schemas["OutsideSkill"]["properties"]
    assert [name for name, field in skill.items() if "deprecated" not in field] == [
        "threshold",
        "false_positive_rate",
        "true_positive_rate",
    ]
    assert {name for name, field in skill.items() if field.get("deprecated")} == {"lost", "found"}
