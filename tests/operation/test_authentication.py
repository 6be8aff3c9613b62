"""Keys on real processes: as bytes on a socket, under a path prefix, and while the key file changes."""

import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.app.api.middleware.test_api_keys import swap
from tests.server import RunningServer
from tests.waiting import wait_for

pytestmark = pytest.mark.slow

BODY = b'{"headline": "oil"}'
TARGETS = [
    b"/predict%0A",
    b"/predict%0a",
    b"/predict%0D%0A",
    b"/predict\n",
    b"/predict\t",
    b"/predict\x00",
    b"//predict",
    b"/./predict",
    b"/x/../predict",
    b"/predict/",
    b"/predict;x",
    b"/predict%2f",
    b"/predict.",
    b"/PREDICT",
    b"/predict?",
    b"/predict#x",
    b"/predict%3f",
    b"/%70redict",
    b"/predict%",
    b"/predict\xff",
    b"http://localhost/predict",
    b"http://localhost//predict",
    b"http://localhost/predict%0A",
    b"http://localhost:1/health/../predict",
    b"https://other.example/predict",
    b"predict",
    b"*",
]


def answer(port: int, target: bytes, *headers: bytes) -> bytes:
    """The response to a POST with exactly this request target."""
    head = [b"POST %b HTTP/1.1" % target, b"Host: a", b"Content-Length: %d" % len(BODY), b"Connection: close", *headers]
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(b"\r\n".join(head) + b"\r\n\r\n" + BODY)
        return client.makefile("rb").read()


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_no_request_target_opens_a_guarded_route(tiny_bundle: Path, prefix: str):
    command = ["-m", "app", "serve", "--port", "0"]
    if prefix:
        command = ["-m", "uvicorn", "--factory", "app.main:create_app", "--port", "0", "--root-path", prefix]
    with RunningServer(tiny_bundle, command, wait=False, api_keys="secret") as server:
        server.wait_ready()
        status, _, _ = answer(server.port, b"/predict", b"X-API-Key: secret").partition(b"\r\n")
        assert status.split()[1] == b"200"
        for target in TARGETS + [prefix.encode() + one for one in TARGETS]:
            reply = answer(server.port, target)
            assert b"predictions" not in reply, target
            assert reply.split()[1] in (b"400", b"401", b"404"), target
        assert server.get("/health").status == 200


def statuses(server: RunningServer, *keys: str) -> list[int]:
    return [server.get("/topics", **{"X-API-Key": key}).status for key in keys]


@pytest.mark.parametrize("workers", [1, 3])
def test_keys_rotate_without_a_restart_in_every_worker(tiny_bundle: Path, tmp_path: Path, workers: int):
    keys = tmp_path / "keys"
    swap(keys, "# the first\nold\n")
    with RunningServer(tiny_bundle, workers=workers, api_keys_file=keys) as server:
        assert statuses(server, "old", "new") == [200, 401]
        swap(keys, "old\nnew\n")
        wait_until(server, {"old": 200, "new": 200})
        swap(keys, "new\n")
        wait_until(server, {"old": 401, "new": 200})
        keys.unlink()
        time.sleep(1.5)  # long enough to be noticed; the old keys must remain valid
        assert statuses(server, *["new"] * 12) == [200] * 12
        swap(keys, "newest\n")
        wait_until(server, {"new": 401, "newest": 200})
        assert "old" not in server.output
    complaints = [line for line in server.lines if "TOPICS_API_KEYS_FILE" in line]
    assert 1 <= len(complaints) <= workers


def test_worker_that_cannot_read_the_keys_says_so_in_one_line(tiny_bundle: Path, tmp_path: Path):
    keys = tmp_path / "keys"
    keys.write_text("secret\n")
    with RunningServer(tiny_bundle, workers=2, api_keys_file=keys) as server:
        assert statuses(server, "secret") == [200]
        keys.unlink()
        os.kill(server.worker_pids()[0], signal.SIGKILL)
        server.wait_line("could not start")
        server.wait_line("TOPICS_API_KEYS_FILE: ")  # of another process, so it may be written later
        assert re.search(r"worker \d+: TOPICS_API_KEYS_FILE: .*keys", server.output)
        keys.write_text("secret\n")
    assert "Traceback" not in server.output


def wait_until(server: RunningServer, expected: dict[str, int]) -> None:
    """Wait until many consecutive requests, each on a new connection and so to any worker, have this status."""
    wait_for(lambda: all(set(statuses(server, *[key] * 12)) == {status} for key, status in expected.items()))


def test_misspelt_setting_stops_the_start(tiny_bundle: Path):
    with (
        pytest.raises(RuntimeError, match=r"TOPICS_API_KEY: .* TOPICS_API_KEYS"),
        RunningServer(tiny_bundle, api_key="x"),
    ):
        pass
