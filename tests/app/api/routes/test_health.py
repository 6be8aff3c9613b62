"""The probes."""

import dataclasses
import time

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.serving import service as service_module
from tests.app.conftest import Start

READY = ["/health", "/health/ready"]


@pytest.mark.parametrize("path", [*READY, "/health/live"])
def test_healthy_service_is_200(client: TestClient, path: str):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", READY)
def test_not_ready_before_the_model_has_answered_its_golden_headlines(client_without_model: TestClient, path: str):
    reply = client_without_model.get(path)
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
    assert reply.headers["content-type"] == "application/problem+json"


def test_live_before_the_model_has_loaded(client_without_model: TestClient):
    assert client_without_model.get("/health/live").json() == {"status": "live"}


@pytest.mark.parametrize("path", READY)
def test_not_ready_while_draining_but_live(start: Start, path: str):
    client = start()
    client.app.state.service.begin_draining()
    assert client.get(path).status_code == 503
    assert client.get("/health/live").status_code == 200


@pytest.mark.parametrize("path", READY)
def test_not_ready_when_the_golden_headlines_are_not_reproduced(
    start: Start, monkeypatch: pytest.MonkeyPatch, path: str
):
    monkeypatch.setattr(service_module, "VERIFY_SECONDS", 0)
    client = start()
    assert client.get(path).status_code == 200
    network = client.app.state.service.classifier._network
    first = network._first
    network._first = dataclasses.replace(first, kernel=np.full_like(first.kernel, np.nan))
    reply = client.get(path)
    assert reply.status_code == 503
    assert "golden" in reply.json()["detail"]
    assert client.get("/health/live").status_code == 200


def test_golden_headlines_are_classified_at_most_once_a_second(start: Start, monkeypatch: pytest.MonkeyPatch):
    client = start()
    classifier = client.app.state.service.classifier
    asked = []
    monkeypatch.setattr(type(classifier), "verify_golden", lambda _: asked.append(time.monotonic()))
    for _ in range(20):
        client.get("/health/ready")
    assert len(asked) <= 2
