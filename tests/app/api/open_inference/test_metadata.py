"""Metadata and health routes of the Open Inference Protocol."""

import pytest
from starlette.testclient import TestClient


def test_server_metadata_names_the_extensions(client: TestClient) -> None:
    body = client.get("/v2").json()
    assert body["name"] == "reuters-topics"
    assert body["extensions"] == ["binary_tensor_data", "classification"]


def test_server_is_live_and_ready(client: TestClient) -> None:
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"live": True, "ready": True}


@pytest.mark.parametrize("path", ["/v2/models/tiny", "/v2/models/tiny/versions/1"])
def test_model_metadata_describes_every_tensor(client: TestClient, path: str) -> None:
    body = client.get(path).json()
    assert (body["name"], body["versions"], body["platform"]) == ("tiny", ["1"], "numpy_keras")
    assert body["inputs"] == [{"name": "headline", "datatype": "BYTES", "shape": [-1]}]
    assert {one["name"]: (one["datatype"], one["shape"]) for one in body["outputs"]} == {
        "topic": ("BYTES", [-1]),
        "probability": ("FP32", [-1]),
        "probabilities": ("FP32", [-1, 46]),
        "abstained": ("BYTES", [-1]),
    }
    assert client.get(path + "/ready").json() == {"name": "tiny", "ready": True}
