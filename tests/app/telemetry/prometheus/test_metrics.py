"""Every metric after a known sequence of requests; with two workers: tests/operation/test_metrics.py."""

import asyncio
import threading
import time
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import load_settings
from app.telemetry.prometheus import metrics
from tests.app.conftest import Start
from tests.app.metrics import read, total


def scrape(client: TestClient):
    reply = client.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    return read(reply.text)


def test_requests_and_durations_are_counted_by_route_method_and_status(start: Start):
    client = start()
    for _ in range(3):
        client.post("/predict", json={"headline": "oil"})
    client.post("/predict", json={"headline": 5})
    client.get("/predict")
    client.get("/topics")
    client.get("/openapi.json")
    client.get("/nowhere/1")
    client.get("/nowhere/2")
    client.request("BREW", "/topics")
    value = scrape(client)
    expected = {
        ("/predict", "POST", 200): 3,
        ("/predict", "POST", 422): 1,
        ("/predict", "GET", 405): 1,
        ("/topics", "GET", 200): 1,
        ("/openapi.json", "GET", 200): 1,
        ("/topics", "OTHER", 405): 1,
        ("other", "GET", 404): 2,
    }
    for (route, method, status), count in expected.items():
        labels = {"route": route, "method": method, "status": status}
        assert value("http_requests_total", **labels) == count, labels
        assert value("http_request_duration_seconds_count", **labels) == count
        assert 0 < value("http_request_duration_seconds_sum", **labels) < 10
    assert total(client.get("/metrics").text, "http_requests_total") == sum(expected.values()) + 1  # the scrape before


def test_templates_are_the_route_not_the_path(start: Start):
    client = start()
    client.get("/v2/models/tiny")
    client.get("/v2/models/other")
    value = scrape(client)
    assert value("http_requests_total", route="/v2/models/{name}", method="GET", status=200) == 1
    assert value("http_requests_total", route="/v2/models/{name}", method="GET", status=404) == 1


def test_headlines_batch_sizes_and_inference(start: Start):
    client = start()
    client.post("/predict", json={"headline": "oil"})
    client.post("/predict/batch", json={"headlines": ["gold"] * 7})
    client.post("/predict/batch", json={"headlines": ["gold"] * 200})
    client.post("/predict/batch", json={"headlines": []})
    value = scrape(client)
    assert value("topics_headlines_total") == 208
    assert (value("topics_batch_size_count"), value("topics_batch_size_sum")) == (3, 208)
    assert [value("topics_batch_size_bucket", le=le) for le in ("1.0", "5.0", "10.0", "200.0", "+Inf")] == [
        1,
        1,
        2,
        3,
        3,
    ]
    assert value("topics_inference_seconds_count") == 3
    assert 0 < value("topics_inference_seconds_sum") < 10


def test_predictions_confidence_unknown_words_and_abstentions(start: Start):
    client = start()
    headlines = ["gold ounce", "gold bullion", "crude oil", "qwertz", "zimbabwe", "crude qwertz qwertz uiop"]
    answers = client.post("/predict/batch", json={"headlines": headlines}).json()["results"]
    value = scrape(client)
    assert value("topics_predictions_total", topic="gold") == 2
    assert value("topics_predictions_total", topic="crude") == 2
    assert value("topics_predictions_total", topic="earn") == 0
    assert value("topics_abstained_total", reason="no_known_words") == 2
    sure = [one["predictions"][0]["probability"] for one in answers if one["predictions"]]
    assert value("topics_confidence_count") == 4
    assert value("topics_confidence_sum") == pytest.approx(sum(sure), abs=1e-5)
    assert value("topics_unknown_word_ratio_count") == 6
    assert value("topics_unknown_word_ratio_sum") == pytest.approx(1 + 0.75)
    assert [value("topics_unknown_word_ratio_bucket", le=le) for le in ("0.0", "0.7", "0.8", "1.0")] == [4, 4, 5, 6]


def test_low_confidence_is_counted_as_an_abstention(start: Start):
    client = start(min_probability=1)
    client.post("/predict", json={"headline": "the"})
    assert scrape(client)("topics_abstained_total", reason="low_confidence") == 1


def test_outside_probabilities_and_abstentions_are_counted(start: Start, outside_bundle: Path):
    client = start(model=outside_bundle)
    headlines = ["gold ounce", "election court", "qwertz"]
    answers = client.post("/predict/batch", json={"headlines": headlines}).json()["results"]
    value = scrape(client)
    assert value("topics_abstained_total", reason="outside") == 1
    assert value("topics_outside_count") == 2
    assert value("topics_outside_sum") == pytest.approx(answers[0]["outside"] + answers[1]["outside"])
    assert value("topics_outside_bucket", le="0.5") == 1


def test_model_without_an_outside_class_observes_none(start: Start):
    client = start()
    client.post("/predict", json={"headline": "gold"})
    assert scrape(client)("topics_outside_count") == 0


def test_refusals_are_counted_by_reason_and_wrong_requests_are_not(start: Start):
    client = start(max_batch=10, max_in_flight=10, max_body_bytes=500, api_keys="key")
    headers = {"x-api-key": "key"}
    service = client.app.state.service
    with service.limiter.held(10):
        client.post("/predict", json={"headline": "oil"}, headers=headers)
        assert scrape(client)("topics_in_flight") == 10
    client.post("/predict", json={"headline": "oil"})
    client.post("/predict/batch", json={"headlines": ["oil"] * 11}, headers=headers)
    client.post("/predict", content=b" " * 501, headers=headers)
    client.post("/predict", json={"headline": "oil"}, headers=headers | {"x-request-timeout": "1e-9"})
    client.post("/predict", json={"headline": 5}, headers=headers)
    service.begin_draining()
    client.get("/health/ready")
    value = scrape(client)
    for reason in ("overloaded", "unauthorized", "batch_too_large", "body_too_large", "deadline", "not_ready"):
        assert value("topics_rejected_total", reason=reason) == 1, reason
    assert total(client.get("/metrics").text, "topics_rejected_total") == 6
    assert value("topics_in_flight") == 0


def test_model_info_names_what_serves(start: Start):
    client = start()
    digest = client.get("/model").json()["digest"]
    assert scrape(client)("topics_model_info", name="tiny", version="1", digest=digest) == 1


def test_every_promised_metric_is_there_from_the_start(start: Start):
    text = start().get("/metrics").text
    for name in (
        *("http_requests", "http_request_duration_seconds", "topics_headlines", "topics_inference_seconds"),
        *("topics_batch_size", "topics_in_flight", "topics_rejected", "topics_predictions", "topics_confidence"),
        *("topics_unknown_word_ratio", "topics_abstained", "topics_model_info"),
        *("topics_topic_drift_psi", "topics_unknown_word_drift_psi", "topics_outside"),
        "topics_outside_drift_psi",
    ):
        assert f"# TYPE {name}" in text


def test_metrics_leave_the_services_port_when_they_have_their_own(start: Start):
    assert start(metrics_port=9).get("/metrics").status_code == 404


def test_what_was_answered_last_is_counted_when_the_process_stops(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.telemetry.prometheus.metrics.COUNT_SECONDS", 60)
    with TestClient(create_app(load_settings(model=tiny_bundle))) as client:
        client.post("/predict", json={"headline": "oil"})
        registry = client.app.state.service.metrics.registry
        assert read(generate_latest(registry).decode())("topics_headlines_total") == 0
    assert read(generate_latest(registry).decode())("topics_headlines_total") == 1


def test_counting_continues_after_the_first_update(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch):
    """Without a scrape, which would also update the metrics."""
    monkeypatch.setattr("app.telemetry.prometheus.metrics.COUNT_SECONDS", 0.001)
    with TestClient(create_app(load_settings(model=tiny_bundle))) as client:
        registry = client.app.state.service.metrics.registry
        for number in (1, 2, 3):
            client.post("/predict", json={"headline": "oil"})
            due = time.monotonic() + 10
            while registry.get_sample_value("topics_headlines_total") != number:
                assert time.monotonic() < due
                client.get("/health/live")  # the event loop of the test client runs only during a request


def test_lines_dropped_are_counted_from_the_start_of_the_app(start: Start, monkeypatch: pytest.MonkeyPatch):
    dropped = 5
    monkeypatch.setattr("app.telemetry.prometheus.metrics.dropped_lines", lambda: dropped)
    client = start()
    assert scrape(client)("topics_log_lines_dropped_total") == 0
    dropped = 7
    assert scrape(client)("topics_log_lines_dropped_total") == 2
    assert scrape(client)("topics_log_lines_dropped_total") == 2


def test_many_headlines_are_counted_at_once_and_not_held(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.telemetry.prometheus.metrics.COUNT_SECONDS", 60)
    with TestClient(create_app(load_settings(model=tiny_bundle))) as client:
        client.post("/predict/batch", json={"headlines": ["oil"] * 350})
        registry = client.app.state.service.metrics.registry
        assert read(generate_latest(registry).decode())("topics_headlines_total") == 300


def test_requests_of_clients_create_a_bounded_number_of_labels(start: Start):
    client = start()

    def label_sets() -> int:
        return client.get("/metrics").text.count("\nhttp_requests_total{")

    def send(number: int) -> None:
        for path in (f"/{number}", "/predict", f"/topics?model={number}", f"/v2/models/{number}"):
            headers = {"content-type": f"a/{number}", "x-request-id": str(number), "x-request-timeout": str(number)}
            for method in (f"FOO{number}", "GET", "POST"):
                client.request(method, path, headers=headers)

    send(0)
    label_sets()
    before = label_sets()
    for number in range(1, 20):
        send(number)
    assert label_sets() == before
    assert 'http_requests_total{method="OTHER",route="other",status="404"} 20.0' in client.get("/metrics").text


def test_event_loop_runs_while_metrics_are_rendered(monkeypatch: pytest.MonkeyPatch):
    ran = threading.Event()
    monkeypatch.setattr(metrics, "generate_latest", lambda _: b"text" if ran.wait(5) else b"the loop did not run")

    async def scrape() -> bytes:
        asyncio.get_running_loop().call_later(0.01, ran.set)
        return await metrics.Metrics().exposition()

    assert asyncio.run(scrape()) == b"text"
