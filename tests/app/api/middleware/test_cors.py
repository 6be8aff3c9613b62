"""CORS: which origins may call the service from a browser, and refused preflights."""

import pytest
from starlette.testclient import TestClient

from tests.app.conftest import Start

ORIGIN = "https://example.org"


def preflight(client: TestClient, origin: str):
    headers = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": "x-api-key"}
    return client.options("/predict", headers=headers)


def test_cors_is_off_by_default(client: TestClient):
    reply = client.get("/model", headers={"origin": ORIGIN})
    assert not [name for name in reply.headers if name.startswith("access-control")]
    assert preflight(client, ORIGIN).status_code == 405


def test_cors_lets_a_listed_origin_in_and_no_other(start: Start):
    client = start(cors_origins=[ORIGIN])
    assert client.get("/model", headers={"origin": ORIGIN}).headers["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-origin" not in client.get("/model", headers={"origin": "https://evil.example"}).headers
    assert preflight(client, ORIGIN).status_code == 200
    assert "access-control-allow-origin" not in preflight(client, "https://evil.example").headers


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"origin": "https://evil.example"}, "origin"),
        ({"origin": ORIGIN, "access-control-request-method": "DELETE"}, "method"),
        ({"origin": "null"}, "origin"),
        ({"origin": ORIGIN, "access-control-request-private-network": "true"}, "private-network"),
    ],
)
def test_refused_preflight_is_a_problem(start: Start, headers: dict[str, str], refused: str):
    client = start(cors_origins=[ORIGIN])
    reply = client.options("/predict", headers={"access-control-request-method": "POST"} | headers)
    assert (reply.status_code, reply.headers["content-type"]) == (400, "application/problem+json")
    assert reply.json()["detail"].endswith(f"{refused}.")
    assert reply.json()["request_id"] == reply.headers["x-request-id"]
    assert "access-control-allow-origin" not in reply.headers
    assert "Origin" in reply.headers["vary"]


def test_cors_for_all_origins(start: Start):
    client = start(cors_origins=["*"], api_keys="k")
    assert preflight(client, "https://anything.example").status_code == 200
    assert client.get("/model", headers={"origin": ORIGIN}).headers["access-control-allow-origin"] == "*"


def test_cors_preflight_needs_no_key_and_errors_can_be_read(start: Start):
    client = start(cors_origins=[ORIGIN], api_keys="secret")
    assert preflight(client, ORIGIN).status_code == 200
    reply = client.get("/model", headers={"origin": ORIGIN})
    assert reply.status_code == 401
    assert reply.headers["access-control-allow-origin"] == ORIGIN
    assert "X-Request-ID" in reply.headers["access-control-expose-headers"]


def test_only_options_with_both_headers_is_a_preflight(start: Start):
    client = start(cors_origins=[ORIGIN])
    origin, requested = {"origin": ORIGIN}, {"access-control-request-method": "GET"}
    for method, headers, status in (
        ("POST", origin | requested, 200),
        ("GET", requested, 200),
        ("OPTIONS", requested, 405),
        ("OPTIONS", origin, 405),
    ):
        path = "/predict" if method == "POST" else "/model"
        reply = client.request(method, path, json={"headline": "oil"}, headers=headers)
        assert reply.status_code == status
        assert "access-control-allow-methods" not in reply.headers
