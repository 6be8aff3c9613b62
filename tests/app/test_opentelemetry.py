"""OpenTelemetry with the `otel` extra installed and configured: FastAPI's own instrumentation."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import load_settings

pytest.importorskip("opentelemetry.sdk", reason="needs the otel extra")

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Spans of the service, kept in memory."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setenv("OTEL_SERVICE_NAME", "topics")
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield exporter
    provider.shutdown()


@pytest.mark.parametrize(
    ("path", "body"), [("/predict", {"headline": "Confidential oil"}), ("/predict/batch", {"headlines": ["oil"]})]
)
def test_span_of_a_prediction_carries_the_callers_trace_id(spans: Any, tiny_bundle: Path, path: str, body: object):
    with TestClient(create_app(load_settings(model=tiny_bundle))) as client:
        reply = client.post(path, json=body, headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    assert reply.status_code == 200
    [span] = [one for one in spans.get_finished_spans() if one.kind is trace.SpanKind.SERVER]
    assert f"{span.context.trace_id:032x}" == TRACE
    assert f"{span.parent.span_id:016x}" == PARENT
    assert span.name == f"POST {path}"
    assert span.attributes["http.route"] == path
    assert span.attributes["http.response.status_code"] == 200
    assert "Confidential" not in str(dict(span.attributes))


def test_request_without_a_trace_begins_one(spans: Any, tiny_bundle: Path):
    with TestClient(create_app(load_settings(model=tiny_bundle))) as client:
        client.get("/topics")
    [span] = [one for one in spans.get_finished_spans() if one.kind is trace.SpanKind.SERVER]
    assert span.parent is None
    assert span.name == "GET /topics"


def test_what_is_not_configured_is_not_traced(spans: Any, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OTEL_SERVICE_NAME")
    with TestClient(create_app(load_settings(model=tiny_bundle))) as client:
        assert client.get("/topics").status_code == 200
    assert spans.get_finished_spans() == ()
