"""GET /topics and GET /model."""

import hashlib
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.api.routes import model_info, model_info_schemas
from app.classifier.bundle import MANIFEST
from tests.app.conftest import Start


def test_topics_are_the_46_in_label_order_with_support_and_skill(client: TestClient):
    topics = client.get("/topics").json()["topics"]
    assert [one["label"] for one in topics] == list(range(46))
    assert set(topics[0]) == {"label", "topic", "name", "support", "precision", "recall", "f1"}
    assert (topics[16]["topic"], topics[16]["support"], topics[16]["precision"]) == ("crude", 26, 0.8)


def test_topics_are_made_once_because_thousands_would_delay_other_requests(
    start: Start, monkeypatch: pytest.MonkeyPatch
):
    made: list[object] = []
    monkeypatch.setattr(
        model_info, "TopicSkill", lambda **fields: made.append(fields) or model_info_schemas.TopicSkill(**fields)
    )
    client = start()
    assert client.get("/topics").content == client.get("/topics").content
    assert client.get("/").status_code == 200
    assert len(made) == 46


def test_model_says_what_the_manifest_says(client: TestClient, tiny_bundle: Path):
    model = client.get("/model").json()
    assert (model["name"], model["version"], model["runtime"]) == ("tiny", "1", "numpy")
    assert model["digest"] == hashlib.sha256((tiny_bundle / MANIFEST).read_bytes()).hexdigest()
    assert model["encoding"]["size"] == 300
    assert model["figures"] == {"accuracy": 0.8}
    assert "files" not in model


def test_shadow_is_a_model_with_a_comparison(start: Start, outside_bundle: Path):
    shadow = start(shadow=outside_bundle).get("/model").json()["shadow"]
    assert shadow.keys() == {"name", "version", "digest", "headlines", "agreed", "disagreed"}
    assert shadow["disagreed"] == {"topic": 0, "default_only": 0, "shadow_only": 0}


def test_before_the_model_has_loaded_both_are_503(client_without_model: TestClient):
    for path in ("/topics", "/model"):
        reply = client_without_model.get(path)
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
