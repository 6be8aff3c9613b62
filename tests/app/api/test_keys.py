"""Keys: who gets in where."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.api.keys import Keys
from tests.app.conftest import Start

GUARDED = [
    ("POST", "/predict"),
    ("POST", "/predict/batch"),
    ("GET", "/topics"),
    ("GET", "/model"),
    ("POST", "/v2/models/tiny/infer"),
    ("POST", "/v2/models/tiny/versions/1/infer"),
]
OPEN = [
    "/health",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/docs",
    "/openapi.json",
    "/",
    "/v2",
    "/v2/health/ready",
]
BODIES = {
    "/predict": {"headline": "oil"},
    "/predict/batch": {"headlines": ["oil"]},
    "/v2": {"inputs": [{"name": "headline", "shape": [1], "datatype": "BYTES", "data": ["oil"]}]},
}


def ask(client: TestClient, method: str, path: str, headers: dict[str, str]) -> int:
    body = BODIES.get(path, BODIES["/v2"]) if method == "POST" else None
    return client.request(method, path, json=body, headers=headers).status_code


@pytest.fixture
def guarded(start: Start) -> TestClient:
    return start(api_keys="first, second")


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_guarded_path_opens_with_a_key_in_either_header_only(guarded: TestClient, method: str, path: str):
    good = [{"authorization": "Bearer first"}, {"authorization": "bearer  second"}, {"x-api-key": "second"}]
    bad = [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": "Bearer"},
        {"authorization": "Basic first"},
        {"authorization": "first"},
        {"x-api-key": "firs"},
        {"x-api-key": "first, second"},
        {"x-api-key": ""},
        {"x-api-key": "f\u00efrst"},
    ]
    assert [ask(guarded, method, path, headers) for headers in good] == [200] * len(good)
    assert [ask(guarded, method, path, encode(headers)) for headers in bad] == [401] * len(bad)


def encode(headers: dict[str, str]):
    return {name: value.encode("latin-1") for name, value in headers.items()}


@pytest.mark.parametrize("path", OPEN)
def test_open_path_wants_no_key(guarded: TestClient, path: str):
    assert guarded.get(path).status_code == 200


def test_401_says_how_to_send_a_key_and_never_shows_one(guarded: TestClient):
    reply = guarded.get("/model", headers={"x-api-key": "mistyped-secret"})
    assert reply.headers["www-authenticate"] == "Bearer"
    assert "mistyped-secret" not in reply.text
    assert "first" not in reply.text


def test_key_is_asked_before_the_body_is_looked_at(guarded: TestClient):
    assert guarded.post("/predict", content=b"not json").status_code == 401


@pytest.mark.parametrize("path", ["/%70redict", "/predict/", "/./predict", "/predict%00", "/predict//"])
def test_other_spellings_of_a_guarded_path_open_nothing(guarded: TestClient, path: str):
    status = guarded.post(path, json={"headline": "oil"}, follow_redirects=False).status_code
    assert status in (307, 401, 404)


def test_without_keys_everything_is_open(client: TestClient):
    assert [ask(client, method, path, {}) for method, path in GUARDED] == [200] * len(GUARDED)


def test_keys_from_a_file_open_as_well(start: Start, tmp_path: Path):
    (tmp_path / "keys").write_text("secret\n")
    client = start(api_keys_file=tmp_path / "keys")
    assert [client.get("/model", headers={"x-api-key": key}).status_code for key in ("secret", "x")] == [200, 401]


def test_every_key_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch):
    compared = []
    monkeypatch.setattr("app.api.keys.hmac.compare_digest", lambda a, b: compared.append(a) or a == b)
    Keys(["one", "two", "three"]).check({b"x-api-key": b"one"})
    assert len(compared) == 3
