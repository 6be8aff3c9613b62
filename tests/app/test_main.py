"""create_app: routes, settings and lifespan together."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.api.middleware.request import RequestMiddleware
from app.classifier import BundleError
from app.main import create_app
from app.serving.loading import load_classifiers
from app.settings import load_settings
from tests.app.conftest import Start


def test_nothing_is_loaded_before_the_lifespan(tmp_path: Path):
    app = create_app(load_settings(model=tmp_path / "nowhere"))
    client = TestClient(app)
    assert client.get("/health/live").status_code == 200
    reply = client.post("/predict", json={"headline": "oil"})
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")


def test_bundle_that_fails_verification_prevents_the_start(tmp_path: Path):
    with (
        pytest.raises(BundleError, match="no such bundle folder"),
        TestClient(create_app(load_settings(model=tmp_path / "nowhere"))),
    ):
        pass


def test_settings_come_from_the_environment_unless_given(monkeypatch: pytest.MonkeyPatch, tiny_bundle: Path):
    monkeypatch.setenv("TOPICS_MODEL", str(tiny_bundle))
    with TestClient(create_app()) as client:
        assert client.get("/model").json()["name"] == "tiny"


def test_bundle_is_loaded_once(start: Start, monkeypatch: pytest.MonkeyPatch):
    import app.main

    loads = []
    load = app.main.load_classifiers
    monkeypatch.setattr(app.main, "load_classifiers", lambda *given: loads.append(given) or load(*given))
    client = start()
    for _ in range(5):
        client.post("/predict", json={"headline": "oil"})
    assert len(loads) == 1


def test_two_apps_share_nothing(start: Start):
    first, second = start(), start(max_batch=1)
    first.app.state.service.begin_draining()
    assert second.get("/health/ready").status_code == 200
    assert "topics_headlines_total 0.0" in second.get("/metrics").text


def test_only_the_request_middleware_is_around_the_routes(client: TestClient):
    assert isinstance(client.app, FastAPI)
    stack = client.app.middleware_stack
    assert client.get("/topics").status_code == 200
    assert client.app.middleware_stack is stack  # FastAPI did not build its own
    assert isinstance(stack, RequestMiddleware)


def test_app_that_is_started_again_answers_with_the_models_of_the_second_start(tiny_bundle: Path, outside_bundle: Path):
    starts = iter([tiny_bundle, outside_bundle])
    app = create_app(load_settings(), load=lambda: load_classifiers(load_settings(model=next(starts))))
    for number, has_outside in enumerate([False, True], start=1):
        with TestClient(app) as client:
            reply = client.post("/predict", json={"headline": "oil"}).json()
            assert (reply["outside"] is not None) == has_outside
            # Both models have the name tiny/1.
            assert f'topics_model_headlines_total{{model="tiny/1"}} {number}.0' in client.get("/metrics").text
