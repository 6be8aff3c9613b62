"""The peers answer the service's own requests."""

import importlib
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.api.schemas import BatchResponse, PredictResponse
from benchmarks.speed import peers


@pytest.mark.parametrize("peer", ["empty", "empty_ready", "tf_function", "tutorial"])
def test_peer_answers_a_headline_and_a_batch(peer: str, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOPICS_MODEL", str(tiny_bundle))
    client = TestClient(importlib.import_module(f"{peers.__name__}.{peer}").app)
    single = client.post("/predict", json={"headline": "Gold falls"})
    PredictResponse.model_validate(single.json())
    batch = client.post("/predict/batch", json={"headlines": ["Gold falls", "Oil rises"]})
    assert [single.status_code, batch.status_code] == [200, 200]
    assert BatchResponse.model_validate(batch.json()).results[0].predictions
