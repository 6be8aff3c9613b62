"""What every answer gets: an ID, and CORS where it is set."""

import re

import pytest
from starlette.testclient import TestClient

from tests.app.conftest import Start

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


def test_cors_preflight_needs_no_key_and_errors_can_be_read(start: Start):
    client = start(cors_origins=[ORIGIN], api_keys="secret")
    assert preflight(client, ORIGIN).status_code == 200
    reply = client.get("/model", headers={"origin": ORIGIN})
    assert reply.status_code == 401
    assert reply.headers["access-control-allow-origin"] == ORIGIN
    assert "X-Request-ID" in reply.headers["access-control-expose-headers"]
