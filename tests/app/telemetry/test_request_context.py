"""RequestContext: its content after a request, with a fake clock."""

from typing import Any

import pytest

from app.telemetry import request_context
from app.telemetry.request_context import RequestContext, context_of


def test_request_starts_without_an_answer_and_takes_json() -> None:
    one = RequestContext("1", "GET", "/topics")
    assert (one.request_id, one.method, one.path, one.route) == ("1", "GET", "/topics", "")
    assert (one.status, one.seconds, one.headlines, one.inference_seconds) == (0, 0.0, (), None)
    assert (one.binary, one.content_type, one.response_headers) == (b"", b"application/json", [])
    assert RequestContext("2", "GET", "/").response_headers is not one.response_headers


@pytest.mark.parametrize(("status", "logged"), [(200, 200), (503, 503), (0, 499)])
def test_end_has_the_seconds_and_499_if_the_client_left_before_the_answer(
    status: int, logged: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_context.time, "perf_counter", lambda: 12.0)
    one = RequestContext("1", "GET", "/", status=status, started=10.5)
    one.finish()
    assert (one.status, one.seconds) == (logged, 1.5)


@pytest.mark.parametrize("state", [{}, {"state": {"mine": 1}}])
def test_context_is_found_in_the_state_of_its_request(state: dict[str, Any]) -> None:
    kept = dict(state.get("state", {}))
    scope = {"method": "POST", "path": "/api/predict", "root_path": "/api", "headers": [(b"x-request-id", b"mine")]}
    scope |= state
    one = RequestContext.begin(scope)
    assert context_of(scope) is one
    assert (one.request_id, one.method, one.path) == ("mine", "POST", "/predict")
    assert one.headers == {b"x-request-id": b"mine"}
    assert kept.items() <= scope["state"].items()


@pytest.mark.parametrize(
    ("given", "length"), [(b"18", 18), (b"+18", 0), (b"", 0), (b"9" * 5000, 10**19 - 1)], ids=lambda one: str(one)[:9]
)
def test_declared_length_is_read_from_the_headers(given: bytes, length: int):
    scope = {"method": "POST", "path": "/predict", "root_path": "", "headers": [(b"content-length", given)]}
    assert RequestContext.begin(scope).content_length == length
