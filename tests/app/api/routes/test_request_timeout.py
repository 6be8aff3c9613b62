"""X-Request-Timeout and TOPICS_DEADLINE_SECONDS."""

import asyncio
import json
import time

import pytest
from starlette.testclient import TestClient
from starlette.types import Message

from tests.app.asgi import post_scope
from tests.app.conftest import Start
from tests.app.slow_encode import slow_encode

BOTH = [("/predict", {"headline": "oil"}), ("/predict/batch", {"headlines": ["oil"] * 200})]


@pytest.mark.parametrize(("path", "body"), BOTH)
def test_passed_deadline_is_504_and_the_service_goes_on(client: TestClient, path: str, body: object):
    reply = client.post(path, json=body, headers={"x-request-timeout": "0.000001"})
    assert reply.status_code == 504
    assert reply.json()["title"] == "Deadline exceeded"
    assert client.post(path, json=body).status_code == 200


@pytest.mark.parametrize(("path", "body"), BOTH)
def test_services_own_deadline_is_504_however_long_the_caller_would_wait(start: Start, path: str, body: object):
    client = start(deadline_seconds=0.000001)
    assert client.post(path, json=body, headers={"x-request-timeout": "60"}).status_code == 504


@pytest.mark.parametrize(("path", "body"), BOTH)
@pytest.mark.parametrize("seconds", ["5", "5.", "0.5", ".5", "1e3"])
def test_deadline_that_is_kept_is_200(client: TestClient, path: str, body: object, seconds: str):
    assert client.post(path, json=body, headers={"x-request-timeout": seconds}).status_code == 200


@pytest.mark.parametrize("seconds", ["", "soon", "0", "-1", "nan", "inf", "1s", "1_0", ".", "1e999"])
def test_deadline_that_is_not_a_positive_number_is_422(client: TestClient, seconds: str):
    reply = client.post("/predict", json={"headline": "oil"}, headers={"x-request-timeout": seconds})
    assert reply.status_code == 422
    assert "X-Request-Timeout" in reply.json()["detail"]


@pytest.mark.parametrize("seconds", ["1" * 10_000, "1." + "1" * 10_000, "1e" + "1" * 10_000, "." * 10_000])
def test_long_deadline_that_is_not_a_number_is_refused_at_once(client: TestClient, seconds: str):
    begun = time.process_time()
    reply = client.post("/predict", json={"headline": "oil"}, headers={"x-request-timeout": f"{seconds}x"})
    assert time.process_time() - begun < 0.5
    assert reply.status_code == 422
    assert len(reply.content) < 1000


def test_batch_past_its_deadline_leaves_the_rest_undone(start: Start):
    client = start()
    body = {"headlines": ["oil"] * 1000}
    with slow_encode(client.app.state.service.classifier) as parts:
        reply = client.post("/predict/batch", json=body, headers={"x-request-timeout": "0.12"})
    assert reply.status_code == 504
    assert sum(parts) < 500


REQUESTS = [
    ("/predict", {"headline": "oil" * 400}),
    ("/predict/batch", {"headlines": ["oil"] * 400}),
    (
        "/v2/models/tiny/infer",
        {"inputs": [{"name": "headline", "datatype": "BYTES", "shape": [400], "data": ["oil"] * 400}]},
    ),
]


@pytest.mark.parametrize(("path", "body"), REQUESTS)
def test_wait_of_a_long_body_for_its_turn_to_be_parsed_counts(start: Start, path: str, body: object):
    client = start()
    client.app.state.service.parse_turns._free_at = time.monotonic() + 0.7
    assert client.post(path, json=body, headers={"x-request-timeout": "0.2"}).status_code == 504
    assert client.post(path, json=body, headers={"x-request-timeout": "60"}).status_code == 200


@pytest.mark.parametrize(("path", "body"), REQUESTS)
def test_arrival_of_the_body_does_not_count(start: Start, path: str, body: object):
    content = json.dumps(body).encode()
    statuses: list[int] = []

    async def ask() -> None:
        parts = [content[:10], content[10:]]

        async def receive() -> Message:
            if not parts:
                await asyncio.Event().wait()
            await asyncio.sleep(0.15)
            part = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(parts)}

        async def send(message: Message) -> None:
            statuses.extend([message["status"]] if "status" in message else [])

        scope = post_scope(path)
        scope["headers"].append((b"x-request-timeout", b"0.25"))
        await client.app(scope, receive, send)

    client = start()
    assert client.portal is not None
    client.portal.call(ask)
    assert statuses == [200]


def test_wait_for_parsing_counts_without_the_header(start: Start):
    client = start(deadline_seconds=0.2)
    client.app.state.service.parse_turns._free_at = time.monotonic() + 0.7
    assert client.post("/predict", json={"headline": "oil" * 400}).status_code == 504
    assert client.post("/predict", json={"headline": "oil" * 400}).status_code == 200


def test_header_is_documented_as_optional_and_positive(client: TestClient):
    paths = client.get("/openapi.json").json()["paths"]
    for path in ("/predict", "/predict/batch", "/v2/models/{name}/infer"):
        [header] = [one for one in paths[path]["post"]["parameters"] if one["name"] == "X-Request-Timeout"]
        assert (header["in"], header["required"]) == ("header", False)
        assert (header["schema"]["type"], header["schema"]["exclusiveMinimum"]) == ("number", 0)
