"""Request ID, HEAD and error handling of the request middleware."""

import errno
import re
from pathlib import Path

import anyio
import pytest
from starlette.testclient import TestClient
from starlette.types import Message

from app.classifier import BundleError
from app.main import create_app
from app.serving.loading import Classifiers
from app.settings import Settings
from tests.app.conftest import Start
from tests.app.metrics import read

ORIGIN = "https://example.org"


@pytest.mark.parametrize("given", ["abc", "A-1_b.c~d:e/f+g=", "x" * 128])
def test_well_formed_request_id_comes_back(client: TestClient, given: str):
    for path in ("/health/live", "/nowhere"):
        assert client.get(path, headers={"x-request-id": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", [b"", b"x" * 129, b"a b", b"a\tb", "é".encode(), b"<script>", b'"', b"{}"])
def test_malformed_request_id_is_replaced(client: TestClient, given: bytes):
    made = client.get("/health/live", headers={b"x-request-id": given}).headers["x-request-id"]
    assert re.fullmatch("[0-9a-f]{32}", made)


def test_made_request_ids_differ(client: TestClient):
    assert len({client.get("/health/live").headers["x-request-id"] for _ in range(20)}) == 20


def test_exactly_one_request_id_whatever_answers(client: TestClient):
    for path in ("/health/live", "/nowhere", "/topics", "/predict", "/", "/metrics"):
        assert len(client.get(path).headers.get_list("x-request-id")) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("key", ["", "secret"])
def test_no_cache_keeps_any_answer_but_page_and_files(start: Start, method: str, key: str):
    client = start(api_keys="secret")
    for path in (
        "/topics",
        "/model",
        "/model?model=none",
        "/health/ready",
        "/metrics",
        "/openapi.json",
        "/v2",
        "/predict",
    ):
        reply = client.request(method, path, headers={"x-api-key": key})
        assert reply.headers.get_list("cache-control") == ["no-store"], path
    for path in ("/", "/docs", "/model/card", "/page/main.js"):
        assert client.request(method, path, headers={"x-api-key": key}).headers.get_list("cache-control") == [
            "no-cache"
        ]


GETS = ["/health", "/health/live", "/health/ready", "/topics", "/model", "/metrics", "/openapi.json", "/v2", "/docs"]
GETS += [
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/tiny",
    "/v2/models/tiny/ready",
    "/v2/models/tiny/versions/1",
    "/v2/models/tiny/versions/1/ready",
]


@pytest.mark.parametrize("path", GETS)
def test_every_get_route_answers_head(client: TestClient, path: str):
    head, get = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == get.headers["content-type"]
    if path != "/metrics":  # which grow with each request
        assert head.headers["content-length"] == get.headers["content-length"] == str(len(get.content))


def test_list_of_get_routes_is_whole(client: TestClient):
    paths = client.get("/openapi.json").json()["paths"]
    named = {path.format(name="tiny", version="1") for path, operations in paths.items() if "get" in operations}
    assert named - set(GETS) == set(), "GETS in this file: add these paths"


def test_head_has_no_body_whatever_the_server_does(client: TestClient):
    """Call the app directly; servers and clients would drop the body."""
    sent = []

    async def send(message):
        sent.append(message)

    for path in ("/topics", "/docs", "/page/main.js", "/nowhere"):
        scope = {"type": "http", "method": "HEAD", "path": path, "query_string": b"", "headers": []}
        client.portal.call(client.app, scope, anyio.sleep_forever, send)
    starts = [one["status"] for one in sent if one["type"] == "http.response.start"]
    assert starts == [200, 200, 200, 404]
    assert {one["body"] for one in sent if one["type"] == "http.response.body"} == {b""}


def test_head_of_what_fails_has_the_status_of_get_and_no_body(client: TestClient):
    for path in ("/nowhere", "/predict", "/v2/models/other", "/topics?x"):
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (get.status_code, b"")
        assert head.headers["content-type"] == "application/problem+json"
        assert int(head.headers["content-length"]) > 0


def test_head_is_counted_as_head_under_its_route(start: Start):
    client = start()
    client.head("/topics")
    client.head("/page/main.js")
    lines = client.get("/metrics").text
    assert 'http_requests_total{method="HEAD",route="/topics",status="200"} 1.0' in lines
    assert 'http_requests_total{method="GET",route="/topics"' not in lines
    assert 'method="HEAD",route="other",status="200"} 1.0' in lines


@pytest.mark.parametrize("path", ["/predict/", "/health/", "/topics/", "/docs/", "/page", "/v2/models/tiny/infer/"])
def test_extra_or_missing_trailing_slash_is_404_and_no_redirect(start: Start, path: str):
    client = start(api_keys="k")
    for method in ("GET", "POST", "HEAD"):
        headers = {"host": "evil.example", "x-api-key": "k"}
        reply = client.request(method, path, headers=headers, follow_redirects=False)
        assert reply.status_code == 404
        assert "location" not in reply.headers
        assert "evil.example" not in reply.text
    if path.endswith("/"):
        assert "remove the trailing slash" in client.get(path).json()["detail"]


@pytest.mark.parametrize("root", ["", "/prefix"])
@pytest.mark.parametrize("path", ["/foo/", "/page/", "/page/none/", "/page/topics/", "/model/card/none/", "/predict//"])
def test_slash_is_not_named_if_the_path_without_it_is_404_too(client: TestClient, path: str, root: str):
    below = TestClient(client.app, root_path=root)  # the app has started with `client`
    assert "slash" not in below.get(root + path).json()["detail"]
    assert "remove the trailing slash" in below.get(root + "/topics/").json()["detail"]


def test_refusal_below_a_mount_counts_under_the_mount(client: TestClient):
    client.post("/page/topics")
    assert 'http_requests_total{method="POST",route="/page",status="405"} 1.0' in client.get("/metrics").text


def test_only_an_internal_error_is_logged_with_its_traceback(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async def broken():
        raise RuntimeError("a mistake")

    for path in ("/nowhere", "/topics?x"):
        client.get(path)
    assert caplog.records == []
    monkeypatch.setattr(client.app.state.service.metrics, "exposition", broken)
    reply = client.get("/metrics")
    assert reply.status_code == 500
    [record] = caplog.records
    assert (record.levelname, record.request_id) == ("ERROR", reply.headers["x-request-id"])
    assert str(record.exc_info[1]) == "a mistake"


def test_no_file_descriptor_left_is_503_with_retry_after(start: Start, monkeypatch: pytest.MonkeyPatch):
    client = start()

    async def full():
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(client.app.state.service.metrics, "exposition", full)
        reply = client.get("/metrics")
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
    assert reply.json()["title"] == "Service overloaded"
    assert 'topics_rejected_total{reason="file_limit"} 1.0' in client.get("/metrics").text


@pytest.mark.parametrize(
    ("method", "path", "headers", "answer"),
    [
        ("DELETE", "/model", {}, (405, "/model")),
        ("GET", "/model?model=none", {}, (404, "/model")),
        (
            "OPTIONS",
            "/v2/models/tiny/infer",
            {"access-control-request-method": "PUT"},
            (400, "/v2/models/{name}/infer"),
        ),
        ("GET", "/model%0A", {}, (400, "other")),
    ],
)
def test_refusal_before_the_endpoint_counts_under_the_route(
    start: Start, method: str, path: str, headers: dict[str, str], answer: tuple[int, str]
):
    status, route = answer
    client = start(cors_origins=[ORIGIN])
    origin = {"origin": ORIGIN} if headers else {}
    assert client.request(method, path, headers=headers | origin).status_code == status
    labels = {"route": route, "method": "OTHER" if method == "DELETE" else method, "status": status}
    assert read(client.get("/metrics").text)("http_requests_total", **labels) == 1


def test_startup_that_a_bundle_stops_reports_its_sentence_without_a_traceback(tiny_bundle: Path):
    sent: list[Message] = []

    def load() -> Classifiers:
        raise BundleError("model.keras: is truncated; copy the bundle again.")

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        sent.append(message)

    app = create_app(Settings(model=tiny_bundle, access_log=False), load)
    with pytest.raises(BundleError):
        anyio.run(app, {"type": "lifespan"}, receive, send)
    assert sent == [{"type": "lifespan.startup.failed", "message": "model.keras: is truncated; copy the bundle again."}]
