"""API keys: which requests they authenticate, and rotation of the key file."""

import os
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.api.middleware.api_keys import ApiKeys
from app.errors import UnauthorizedError
from app.settings import load_settings
from tests.app.conftest import Start

Headers = list[tuple[bytes, bytes]]


@pytest.fixture
def guarded(start: Start) -> TestClient:
    return start(api_keys="first, second")


BEARER, NAMED = b"authorization", b"x-api-key"
GOOD = [
    [(BEARER, b"Bearer first")],
    [(BEARER, b"bearer  second ")],
    [(NAMED, b"second")],
    [(NAMED, b" second\t ")],
    # Other credentials in the request, from a proxy or a browser, do not affect the key.
    [(BEARER, b"Basic dXNlcjpwYXNzd29yZA=="), (NAMED, b"first")],
    [(BEARER, b"Bearer of-another-service"), (NAMED, b"first")],
    [(BEARER, b"Bearer first"), (NAMED, b"wrong")],
    [(NAMED, b"wrong"), (NAMED, b"first")],
    [(NAMED, b"first"), (NAMED, b"wrong")],
    [(BEARER, b"Bearer wrong"), (BEARER, b"Bearer first")],
]
BAD = [
    [],
    [(BEARER, b"Bearer wrong")],
    [(BEARER, b"Bearer")],
    [(BEARER, b"Bearer ")],
    [(BEARER, b"Basic first")],
    [(BEARER, b"first")],
    [(BEARER, b"Bearerfirst")],
    [(NAMED, b"firs")],
    [(NAMED, b"FIRST")],
    [(NAMED, b"first, second")],
    [(NAMED, b"first second")],
    [(NAMED, b"Bearer first")],
    [(NAMED, b"")],
    [(NAMED, b"  ")],
    [(NAMED, b"f\xefrst")],
    [(NAMED, b"first\x00")],
    [(b"cookie", b"x-api-key=first"), (b"x-api-keys", b"first"), (b"x_api_key", b"first")],
    [(BEARER, b"Basic Zmlyc3Q="), (NAMED, b"wrong")],
]


@pytest.mark.parametrize("headers", GOOD)
def test_key_in_either_header_opens(guarded: TestClient, headers: Headers):
    assert guarded.get("/model", headers=headers).status_code == 200
    assert guarded.post("/predict", json={"headline": "oil"}, headers=headers).status_code == 200


@pytest.mark.parametrize("headers", BAD)
def test_anything_else_does_not(guarded: TestClient, headers: Headers):
    assert guarded.get("/model", headers=headers).status_code == 401
    assert guarded.post("/predict", json={"headline": "oil"}, headers=headers).status_code == 401


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_key_beyond_ascii_opens_in_either_encoding(start: Start, encoding: str):
    client = start(api_keys="schl\u00fcssel")
    assert client.get("/model", headers=[(NAMED, "schl\u00fcssel".encode(encoding))]).status_code == 200
    assert client.get("/model", headers=[(NAMED, "schl\u00fcssl".encode(encoding))]).status_code == 401


def test_401_says_how_to_send_a_key_and_never_shows_one(guarded: TestClient):
    reply = guarded.get("/model", headers={"x-api-key": "mistyped-secret"})
    assert reply.headers["www-authenticate"] == "Bearer"
    assert "mistyped-secret" not in reply.text
    assert "first" not in reply.text


def test_key_is_verified_before_the_body_is_read(guarded: TestClient):
    assert guarded.post("/predict", content=b"not json").status_code == 401


def test_keys_from_a_file_open_as_well(start: Start, tmp_path: Path):
    (tmp_path / "keys").write_text("secret\n")
    client = start(api_keys="one", api_keys_file=tmp_path / "keys")
    assert [open_with(client, key) for key in ("secret", "one", "x")] == [200, 200, 401]


def open_with(client: TestClient, key: str) -> int:
    return client.get("/model", headers={"x-api-key": key}).status_code


class Clock:
    """A clock that the test advances. It starts as `time.monotonic` does on a machine that has just started."""

    now = 0.5

    def __call__(self) -> float:
        return self.now


def opened(keys: ApiKeys, *candidates: str) -> list[str]:
    """The candidates that are accepted."""

    def opens(candidate: str) -> bool:
        try:
            keys.authenticate([(NAMED, candidate.encode())])
        except UnauthorizedError:
            return False
        return True

    return [one for one in candidates if opens(one)]


def swap(link: Path, content: str) -> None:
    """Replace a secret as Kubernetes does: write a new file and switch a symbolic link to it."""
    file = link.with_name(f"file-{time.monotonic_ns()}")
    file.write_text(content)
    new = link.with_name("new")
    new.symlink_to(file)
    new.replace(link)


def rewrite(file: Path, content: str) -> None:
    file.write_text(content)


@pytest.mark.parametrize("change", [swap, rewrite])
def test_keys_rotate_with_the_file_which_is_read_once_a_second(tmp_path: Path, change):
    file, clock = tmp_path / "keys", Clock()
    change(file, "one\ntwo\n")
    settings = load_settings(api_keys_file=file, api_keys="fixed")
    keys = ApiKeys(settings.read_keys, clock)
    assert opened(keys, "one", "two", "six", "fixed") == ["one", "two", "fixed"]
    change(file, "two\nsix\n")
    clock.now += 0.9
    assert opened(keys, "one", "two", "six", "fixed") == ["one", "two", "fixed"]
    clock.now += 0.2
    assert opened(keys, "one", "two", "six", "fixed") == ["two", "six", "fixed"]


@pytest.mark.parametrize(
    "break_it", [Path.unlink, lambda file: file.write_text("# none\n"), lambda file: file.chmod(0)]
)
def test_key_file_that_becomes_invalid_keeps_the_last_keys_and_logs_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, break_it
):
    file, clock = tmp_path / "keys", Clock()
    file.write_text("one\n")
    settings = load_settings(api_keys_file=file)
    keys = ApiKeys(settings.read_keys, clock)
    break_it(file)
    if os.access(file, os.R_OK) and file.read_text() == "one\n":
        pytest.skip("root may read everything")
    for _ in range(5):
        clock.now += 2
        assert opened(keys, "one", "") == ["one"]
    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert "TOPICS_API_KEYS_FILE" in record.getMessage()
    caplog.clear()
    file.unlink(missing_ok=True)
    file.write_text("two\n")
    caplog.set_level("INFO")
    clock.now += 2
    assert opened(keys, "one", "two") == ["two"]
    [record] = caplog.records
    assert record.levelname == "INFO"
    assert "two" not in record.getMessage()


def test_comparisons_are_between_digests_under_a_key_of_the_process():
    """The timing of a comparison depends on a random salt, not on the key."""
    first, second = (ApiKeys(lambda: frozenset({"one"})) for _ in range(2))
    assert first._digests.isdisjoint(second._digests)
    assert b"one" not in first._digests


def test_file_is_read_once_a_second_at_most():
    reads, clock = [], Clock()

    def read() -> frozenset[str]:
        reads.append(clock.now)
        return frozenset({"one"})

    keys = ApiKeys(read, clock)
    for _ in range(50):
        clock.now += 0.25  # exact in binary
        assert opened(keys, "one") == ["one"]
    assert reads == [0.5 + second for second in range(13)]


def test_reload_is_logged_when_the_keys_change_only(caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO")
    values, clock = iter([frozenset({"one"}), frozenset({"one"}), frozenset({"two", "six"})]), Clock()
    keys = ApiKeys(lambda: next(values), clock)
    clock.now += 1
    assert opened(keys, "one") == ["one"]
    assert not caplog.records
    clock.now += 1
    assert opened(keys, "one", "two") == ["two"]
    assert [record.getMessage() for record in caplog.records] == ["API keys reloaded: 2"]


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ([], "No API key; send one as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'."),
        ([(b"accept", b"Bearer one")], "No API key"),  # sorts before authorization
        ([(b"z", b"Bearer one")], "No API key"),
        ([(BEARER, b"Bearer two")], "The API key is not valid."),
    ],
)
def test_missing_and_wrong_keys_have_different_messages(headers: Headers, says: str):
    with pytest.raises(UnauthorizedError, match=says):
        ApiKeys(lambda: frozenset({"one"})).authenticate(headers)
