"""--url: another service answers, or something that is none."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.app.cli.running import rows, run
from tests.server import RunningServer

HEADLINES = ["Oil prices rise as OPEC cuts crude output", "Wheat harvest falls", "Zzyzx qqq"]


def test_url_gives_the_same_rows_and_reports_what_the_service_refuses(tiny_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n".join([*HEADLINES, "gold " * 100, "silver", "tin " * 100]) + "\n")
    here = run("classify", "-f", tmp_path / "a.txt", "--top-k", 2)
    with RunningServer(tiny_bundle, max_characters=200) as server:
        there = run("classify", "-f", tmp_path / "a.txt", "--top-k", 2, "--url", server.url)
    assert there.exit_code == 1
    assert [line.split(":")[0] for line in there.stderr.splitlines()[:2]] == ["line 4 is refused", "line 6 is refused"]
    expected = [one for one in rows(here) if one["line"] not in (4, 6)]
    assert [one | {"probability": 0, "probability_2": 0} for one in rows(there)] == [
        one | {"probability": 0, "probability_2": 0} for one in expected
    ]
    for name in ("probability", "probability_2"):
        got, wanted = ([one[name] for one in several if one[name]] for several in (rows(there), expected))
        assert got == pytest.approx(wanted, abs=1e-6)


def test_url_without_a_service_is_3(monkeypatch: pytest.MonkeyPatch) -> None:
    from topics_client import client

    monkeypatch.setattr(client.TopicsClient.__init__, "__kwdefaults__", client.TopicsClient.__init__.__kwdefaults__)
    monkeypatch.setitem(client.TopicsClient.__init__.__kwdefaults__, "retries", 0)
    result = run("classify", "oil", "--url", "http://127.0.0.1:1")
    assert result.exit_code == 3
    assert "no answer" in result.stderr


def test_url_without_the_client_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "topics_client", None)
    result = run("classify", "oil", "--url", "http://127.0.0.1:1")
    assert result.exit_code == 3
    assert "pip install ./client" in result.stderr


class Foreign(ThreadingHTTPServer):
    """Gives one answer, which tests choose, to whatever it is asked."""

    status = 200
    body = b""
    headers: dict[str, str] = {}  # noqa: RUF012 - replaced, never changed

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.status)
        for name, value in (self.server.headers | {"Content-Length": str(len(self.server.body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def foreign() -> Iterator[Foreign]:
    with Foreign(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


MODEL = {"name": "a", "version": "1"}


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (200, b"<html>hello", {"Content-Type": "text/html"}),
        (200, b"[]", {}),
        (200, b'{"a": 1}', {}),
        (200, json.dumps({"model": MODEL, "results": []}).encode(), {}),
        (200, json.dumps({"model": MODEL, "results": [{"predictions": 7}]}).encode(), {}),
        (200, b"\x1f\x8bxxxx", {"Content-Encoding": "gzip"}),
        (307, b"", {"Location": "/elsewhere"}),
        (404, b"<html>no", {"Content-Type": "text/html"}),
        (422, json.dumps({"errors": [{"field": "headlines.99", "message": "no"}]}).encode(), {}),
        (500, b"x" * 100_000, {}),
    ],
)
def test_answer_that_is_not_the_service_s_is_3_with_one_sentence(
    foreign: Foreign, status: int, body: bytes, headers: dict[str, str]
) -> None:
    foreign.status, foreign.body, foreign.headers = status, body, headers
    result = run("classify", "oil", "wheat", "--url", foreign.url)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr.startswith(f"Error: {foreign.url}: ")
    assert len(result.stderr.splitlines()) == 1
    assert len(result.stderr) < 500


@pytest.mark.parametrize("url", ["", "nonsense", "http://", "http://[::1", "ftp://127.0.0.1", "http://127.0.0.1:99999"])
def test_url_that_is_none_is_3_with_one_sentence(url: str) -> None:
    result = run("classify", "oil", "--url", url)
    assert result.exit_code == 3
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://127.0.0.1:1", "nonsense://x y"])
@pytest.mark.parametrize("variable", ["ALL_PROXY", "http_proxy"])
def test_service_on_this_machine_is_asked_without_a_proxy(
    foreign: Foreign, monkeypatch: pytest.MonkeyPatch, variable: str, proxy: str
) -> None:
    monkeypatch.setenv(variable, proxy)
    foreign.status, foreign.body = 404, b"it was asked"
    result = run("classify", "oil", "--url", foreign.url)
    assert result.exit_code == 3
    assert "it was asked" in result.stderr


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "nonsense://127.0.0.1:1"])
def test_proxy_that_cannot_be_used_is_3_with_one_sentence(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    result = run("classify", "oil", "--url", "http://topics.invalid")
    assert result.exit_code == 3
    assert "prox" in result.stderr
    assert len(result.stderr.splitlines()) == 1
