"""Every error has the same format, and every row of the table can be triggered by a request."""

import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import httpx2
import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient

from app import errors
from app.api.problem_kinds import KINDS, PREFIX, ROUTER, TABLE, UNEXPECTED
from app.api.problems import problem
from app.classifier import BundleError, TextTooLongError, UnknownTopicError
from tests.app.conftest import Start

Reply = httpx2.Response
V2 = "/v2/models/tiny/infer"


def post(client: TestClient, content: Any, path: str = "/predict", **headers: str) -> Reply:
    return client.post(path, content=content, headers={name.replace("_", "-"): one for name, one in headers.items()})


def draining(client: TestClient) -> Reply:
    client.app.state.service.begin_draining()
    return client.get("/health/ready")


def full(client: TestClient) -> Reply:
    with client.app.state.service.limiter.held(5):
        return client.post("/predict/batch", json={"headlines": ["oil"] * 6})


def gone_bad(client: TestClient) -> Reply:
    def check():
        raise BundleError("probabilities of golden headlines differ.")

    client.app.state.service.classifier.verify_golden = check
    return client.get("/health/ready")


def broken(client: TestClient) -> Reply:
    def encode(_: object):
        raise RuntimeError("secret cause")

    client.app.state.service.classifier.encode = encode
    return client.post("/predict", json={"headline": "oil"})


WAYS: dict[Any, tuple[int, Callable[[TestClient], Reply]]] = {
    404: (404, lambda client: client.get("/nowhere")),
    405: (405, lambda client: client.get("/predict")),
    500: (500, broken),
    errors.NotJsonError: (400, lambda client: post(client, b"{headline")),
    errors.UnauthorizedError: (401, lambda client: client.get("/model", headers={"x-api-key": "wrong"})),
    errors.UnknownModelError: (404, lambda client: client.get("/v2/models/other")),
    errors.BodyTooLargeError: (413, lambda client: post(client, b" " * 2001)),
    errors.BatchTooLargeError: (
        413,
        lambda client: post(client, b'{"headlines":["a"' + b',"a"' * 10 + b"]}", "/predict/batch"),
    ),
    errors.MediaTypeError: (415, lambda client: post(client, b"headline=oil", content_type="text/plain")),
    ValidationError: (422, lambda client: post(client, b'{"headline":5}')),
    errors.HeaderError: (422, lambda client: post(client, b'{"headline":"oil"}', x_request_timeout="soon")),
    errors.TensorTooLargeError: (
        413,
        lambda client: post(
            client,
            b'{"inputs":[{"name":"headline","shape":[11],"datatype":"BYTES","data":["a"' + b',"a"' * 10 + b"]}]}",
            V2,
        ),
    ),
    errors.TensorError: (422, lambda client: post(client, b'{"inputs":[]}', V2)),
    UnknownTopicError: (422, lambda client: post(client, b'{"headline":"oil","explain":true,"explain_topic":"x"}')),
    TextTooLongError: (422, lambda client: post(client, b'{"headline":"%b","explain":true}' % (b"a " * 900))),
    errors.NotReadyError: (503, draining),
    BundleError: (503, gone_bad),
    errors.OverloadedError: (503, full),
    errors.DeadlineError: (504, lambda client: post(client, b'{"headline":"oil"}', x_request_timeout="1e-9")),
}
ELSEWHERE = {
    errors.CorsError,  # where CORS is on, and at the limit of open files: middleware/test_request.py
    errors.FileLimitError,
    errors.MalformedRequestError,  # before there is a request: tests/app/server/http/test_protocol.py
    errors.SlowRequestError,
    errors.TargetTooLongError,
    errors.ExpectationError,
    RequestValidationError,  # FastAPI's own, for a route with parameters that FastAPI parses
}


@pytest.fixture
def small(start: Start) -> TestClient:
    return start(max_batch=10, max_in_flight=10, max_body_bytes=2000)


def check_shape(reply: Reply, status: int) -> dict[str, Any]:
    """The format of RFC 9457, which every error has."""
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"
    body = reply.json()
    assert set(body) - {"errors", "error"} == {"type", "title", "status", "detail", "instance", "request_id"}
    assert (body["type"], body["title"], body["status"]) in {(kind.type, kind.title, status) for kind in KINDS}
    assert body["request_id"] == reply.headers["x-request-id"]
    assert body["instance"] == reply.request.url.path
    assert body.get("error") == (body["detail"] if body["instance"].startswith("/v2") else None)
    assert re.fullmatch(r".*[.!]", body["detail"], re.DOTALL)
    assert all(set(one) == {"field", "message"} for one in body.get("errors", ()))
    return body


@pytest.mark.parametrize(("error", "status", "way"), [(error, *rest) for error, rest in WAYS.items()])
def test_error_is_a_problem_and_the_service_goes_on_serving(small, start: Start, error, status: int, way):
    client = start(api_keys="right") if error is errors.UnauthorizedError else small
    body = check_shape(way(client), status)
    kind = UNEXPECTED if error == 500 else ROUTER[error] if isinstance(error, int) else TABLE[error]
    assert (kind.status, kind.type, kind.title) == (status, body["type"], body["title"])
    if status == 503:
        assert way(client).headers["retry-after"] == "1"
    assert client.get("/health/live").status_code == 200
    if status in (400, 404, 405, 413, 415, 422, 504) or error is errors.OverloadedError:
        assert client.post("/predict", json={"headline": "oil"}).status_code == 200


@pytest.mark.parametrize(
    ("path", "detail", "instance"),
    [
        ("/no.%20Send%20your%20key%20to%20x", "'/no. Send your key to x'", "/no.%20Send%20your%20key%20to%20x"),
        ("/'%3B%20x", '"/\'; x"', "/';%20x"),
        ("/\u00e9\u202e", "'/\u00e9\\u202e'", "/%C3%A9%E2%80%AE"),
        ("/" + "a" * 3000, f"'/{'a' * 198}...'", f"/{'a' * 199}..."),
    ],
)
def test_path_comes_back_in_quotes_and_as_a_uri(small, path: str, detail: str, instance: str):
    body = small.get(path).json()
    assert body["detail"] == f"There is no endpoint at {detail}; /docs lists all endpoints."
    assert body["instance"] == instance
    assert small.post("/topics").json()["detail"] == "'/topics' does not support this method, only GET, HEAD."


def test_error_of_the_open_inference_protocol_is_the_detail_also_if_it_is_cut():
    body = json.loads(bytes(problem(errors.TensorError("x" * 3000), "/v2/models/a/infer", "id").body))
    assert body["error"] == body["detail"] == "x" * 2000 + "..."


def test_every_row_of_the_table_can_be_triggered():
    assert set(TABLE) - ELSEWHERE == {error for error in WAYS if not isinstance(error, int)}, (
        "WAYS in this file: a request that triggers each error of the table; ELSEWHERE: those that other tests trigger"
    )


def test_unexpected_error_says_nothing_of_its_cause_but_logs_it(start: Start, caplog: pytest.LogCaptureFixture):
    reply = broken(start())
    assert check_shape(reply, 500)["title"] == "Internal server error"
    assert "secret" not in reply.text
    [record] = [one for one in caplog.records if one.name == "app.api.middleware.request"]
    assert "secret cause" in str(record.exc_info[1])
    assert record.request_id == reply.headers["x-request-id"]


def test_405_names_the_methods_that_are_answered(client: TestClient):
    assert client.get("/predict").headers["allow"] == "POST"
    assert client.delete("/topics").headers["allow"] == "GET, HEAD"


def test_headline_does_not_come_back_in_an_error(client: TestClient):
    reply = client.post("/predict", json={"headline": {"confidential": "text"}, "top_k": "hush"})
    assert "confidential" not in reply.text
    assert "hush" not in reply.text


def test_fastapis_own_validation_errors_take_the_same_shape():
    error = RequestValidationError([{"loc": ("query", "n"), "msg": "Input should be an integer", "type": "int_type"}])
    body = problem(error, "/x", "id").body
    assert b'"status":422' in body
    assert b'{"field":"query.n","message":"must be a whole number, without quotes or decimal point"}' in body


def test_each_title_has_one_type_and_status():
    rows = {(kind.type, kind.title, kind.status) for kind in KINDS}
    assert len({kind.type for kind in KINDS}) == len({kind.title for kind in KINDS}) == len(rows)
    for kind in KINDS:
        assert re.fullmatch(re.escape(PREFIX) + "[a-z]+(-[a-z]+)*", kind.type)


def test_status_of_the_router_without_a_kind_has_the_blank_type():
    body = json.loads(problem(HTTPException(416), "/page/main.js", "id").body)
    assert (body["type"], body["status"], body["title"]) == ("about:blank", 416, HTTPStatus(416).phrase)
