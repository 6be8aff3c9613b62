"""A trace reaches a collector over OTLP, with the environment of the compose profile `tracing`."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from tests.server import ROOT, RunningServer

pytest.importorskip("opentelemetry.sdk", reason="needs the otel extra")
pytestmark = pytest.mark.slow

TRACE = "0af7651916cd43dd8448eb211c80319c"
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]


class Collector:
    """Accepts OTLP over HTTP and keeps what it receives."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    import gzip

                    body = gzip.decompress(body)
                outer.received.append((self.path, body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port


@pytest.fixture
def collector() -> Iterator[Collector]:
    one = Collector()
    thread = threading.Thread(target=one.server.serve_forever, daemon=True)
    thread.start()
    yield one
    one.server.shutdown()
    one.server.server_close()
    thread.join()


def test_trace_with_the_profiles_environment_reaches_the_collector(tiny_bundle: Path, collector: Collector):
    environment = dict(SERVICES["traced"]["environment"])
    endpoint = environment["OTEL_EXPORTER_OTLP_ENDPOINT"]
    assert endpoint == "http://jaeger:4318"
    environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{collector.port}"
    server = RunningServer(tiny_bundle)
    server.environment |= environment
    with server:
        headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
        assert server.request("POST", "/predict", {"headline": "Confidential oil"}, headers).status == 200
    spans = b"".join(body for path, body in collector.received if path == "/v1/traces")
    assert b"POST /predict" in spans
    assert bytes.fromhex(TRACE) in spans
    assert b"topics" in spans
    assert b"Confidential" not in spans


def test_service_answers_while_the_collector_is_away(tiny_bundle: Path):
    server = RunningServer(tiny_bundle)
    server.environment |= {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SERVICE_NAME": "topics"}
    with server:
        assert [server.predict().status for _ in range(5)] == [200] * 5
    assert "Traceback" not in "\n".join(line for line in server.lines if not line.startswith("{"))
