"""--url: answers and errors of the service, and answers of other servers."""

import json
import sys
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import click
import pytest

from app.cli import remote_predictor
from app.cli.writers import Answer, Prediction
from tests import any_bundles
from tests.app.cli.running import rows, run
from tests.client.foreign_server import ForeignServer
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


def test_model_chooses_one_of_the_models_of_the_service(tiny_bundle: Path, tmp_path: Path) -> None:
    other = any_bundles.write(tmp_path / "bundle", "korean")
    with RunningServer(tiny_bundle, model=f"{tiny_bundle},{other}") as server:
        topics = {
            model: [one["topic"] for one in rows(run("classify", "국회", "--url", server.url, *model))]
            for model in ((), ("--model", "tiny"), ("--model", "news"), ("--model", "news/1"))
        }
        absent = run("classify", "국회", "--url", server.url, "--model", "models/news/1")
    assert list(topics.values()) == [[None], [None], ["정치"], ["정치"]]
    assert absent.exit_code == 3
    assert "There is no model 'models/news/1' here; this service has tiny/1, news/1." in absent.stderr


@pytest.fixture
def without_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client, whose default is five retries, sends each request once."""
    from topics_client import TopicsClient

    monkeypatch.setitem(TopicsClient.__init__.__kwdefaults__, "retries", 0)


@pytest.mark.usefixtures("without_retries")
def test_url_without_a_service_is_3() -> None:
    result = run("classify", "oil", "--url", "http://127.0.0.1:1")
    assert result.exit_code == 3
    assert result.stderr.count("no answer") == 1


def test_url_without_the_client_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "topics_client", None)
    result = run("classify", "oil", "--url", "http://127.0.0.1:1")
    assert result.exit_code == 3
    assert f"from the project's folder with: {sys.executable} -m pip install ./client" in result.stderr


def test_missing_or_wrong_key_is_3_and_says_what_to_set(tiny_bundle: Path) -> None:
    given = {(): "requires an API key (401)", ("--api-key", "wrong"): "refused the key (401)"}
    with RunningServer(tiny_bundle, api_keys="right") as server:
        for options, reason in given.items():
            result = run("classify", "oil", "--url", server.url, *options)
            assert result.exit_code == 3
            assert result.stderr == f"Error: {server.url}: {reason}; set TOPICS_API_KEY or --api-key.\n"


class Foreign(ThreadingHTTPServer):
    """Gives the same answer, which the test chooses, to every request."""

    status = 200
    body = b""
    headers: dict[str, str] = {}  # noqa: RUF012 - replaced, never changed

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
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
    with Foreign(("127.0.0.1", 0), Handler) as server:
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


RESULT: dict[str, Any] = {
    "predictions": [{"topic": "crude", "name": "Crude oil", "label": 16, "probability": 0.9}],
    "topic_set": ["crude"],
    "words": {"known": 1, "rare": 0, "unknown": []},
    "abstained": None,
}


def changed(**prediction: object) -> dict[str, Any]:
    """`RESULT` with another prediction."""
    return {"predictions": [RESULT["predictions"][0] | prediction]}


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"predictions": RESULT["predictions"] * 2}, "it has 2 topics instead of 1"),
        (changed(topic="\x1b]0;pwn\x07"), "a topic has a control character"),
        (changed(name="a\nb"), "a topic has a control character"),
        (changed(name="\ud800"), "a topic has a control character"),
        ({"topic_set": ["\x9b2J"]}, "a topic has a control character"),
        ({"abstained": "\x1b[2J"}, "a topic has a control character"),
    ],
)
def test_result_that_no_model_gives_is_3_and_reaches_neither_table_nor_terminal(
    foreign: Foreign, wrong: dict[str, Any], reason: str, form: str
) -> None:
    foreign.body = json.dumps({"model": MODEL, "results": [RESULT]}).encode()
    assert run("classify", "oil", "--format", form, "--url", foreign.url).exit_code == 0
    foreign.body = json.dumps({"model": MODEL, "results": [RESULT | wrong]}).encode()
    result = run("classify", "oil", "--format", form, "--url", foreign.url)
    assert result.exit_code == 3
    assert "crude" not in result.stdout
    assert result.stderr == f"Error: {foreign.url}: gave no valid answer ({reason}).\n"


@pytest.mark.parametrize("url", ["nonsense", "http://", "http://[::1", "ftp://127.0.0.1", "http://127.0.0.1:99999"])
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


class Service:
    """Replaces the client: refuses the headlines in `wrong` for `reason`."""

    def __init__(self, wrong: Sequence[str], reason: str) -> None:
        self.wrong, self.reason = wrong, reason
        self.options: dict[str, Any] = {}
        self.closed = False

    def __call__(self, url: str, **options: Any) -> "Service":
        self.options = {"url": url} | options
        return self

    def close(self) -> None:
        self.closed = True

    def predict_batch(self, headlines: list[str], *, top_k: int, on_error: str, model: str | None) -> list[Any]:
        import topics_client

        assert (on_error, model) == ("skip", None)
        words = topics_client.Words(1, 0, ())
        model = topics_client.Model("a", "1")
        return [
            topics_client.Refused(place, self.reason)
            if text in self.wrong
            else topics_client.Answer(
                (topics_client.Prediction(text, text.title(), 1, 0.5),) * top_k, words, "low_confidence", model
            )
            for place, text in enumerate(headlines)
        ]


@pytest.mark.parametrize(
    ("reason", "told"),
    [("too odd", "too odd"), ("too\x1b[2J\n\u2028odd.", "too [2J odd"), ("a" * 400, "a" * 297)],
)
def test_refused_headline_gets_its_reason_on_one_line_and_the_others_their_answers(
    reason: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(["bad", "worse"], reason)
    monkeypatch.setattr("topics_client.TopicsClient", service)
    with click.Context(click.Command("classify")):
        predict = remote_predictor.remote_predictor("http://topics.example", "key", 2, None)
        answers = predict(["bad", "oil", "worse", "gold"])
        assert not service.closed
    assert service.closed
    right = [Answer([Prediction(text, text.title(), 0.5)] * 2, "low_confidence") for text in ("oil", "gold")]
    assert answers == [f"is refused: {told}", right[0], f"is refused: {told}", right[1]]
    assert service.options == {"url": "http://topics.example", "api_key": "key", "transport": None}


def test_line_that_is_larger_than_the_service_accepts_is_bad_and_the_others_are_classified(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("\n".join([HEADLINES[0], "gold " * 300, HEADLINES[1]]) + "\n")
    with RunningServer(tiny_bundle, max_body_bytes=1000) as server:
        result = run("classify", "-f", tmp_path / "a.txt", "--url", server.url)
    assert result.exit_code == 1
    refused, summary = result.stderr.splitlines()
    assert refused.startswith("line 2 is refused: ")
    assert "1,000 bytes" in refused
    assert summary == "1 bad line; all others were classified."
    assert [one["line"] for one in rows(result)] == [1, 3]


def test_refusal_that_names_no_headline_is_an_error(foreign: Foreign) -> None:
    foreign.status = 422
    foreign.body = json.dumps({"title": "Wrong", "detail": "no.", "errors": [{"field": "top_k"}]}).encode()
    result = run("classify", "oil", "--url", foreign.url)
    assert result.exit_code == 3
    assert result.stderr == f"Error: {foreign.url}: answered with an error: Wrong (422): no.\n"


HOSTILE = "\x1b]0;pwn\x07\x9b\u202e\u2028" + "a" * 5_000_000


@pytest.mark.parametrize("errors", [[], [{"field": "headlines.0", "message": HOSTILE}]])
def test_terminal_gets_no_control_characters_and_one_line_of_what_another_server_answers(
    errors: list[dict[str, str]],
) -> None:
    body = json.dumps({"title": HOSTILE[:20], "detail": HOSTILE, "errors": errors}).encode()
    head = b"HTTP/1.1 422 Nope\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
    with ForeignServer(lambda: [head + body]) as server:
        result = run("classify", "oil", "--url", server.url)
    assert "pwn" in result.stderr
    assert result.stderr.replace("\n", "").isprintable()
    assert len(result.stderr) < 500


@pytest.mark.parametrize("url", ["http://us:p@ss/w0rd@127.0.0.1:1", "http://us:w0rd@127.0.0.1:1", "http://us:w0rd@"])
@pytest.mark.usefixtures("without_retries")
def test_password_in_the_url_is_not_printed(url: str) -> None:
    result = run("classify", "oil", "--url", url)
    assert result.exit_code == 3
    assert "http://" in result.stderr
    assert "w0rd" not in result.stderr
    assert "us:" not in result.stderr


@pytest.mark.parametrize(
    ("error", "told"),
    [(ValueError("two\n lines."), "two lines"), (ValueError("a" * 400), "a" * 297), (KeyError(), "KeyError")],
)
def test_reason_is_one_line_of_at_most_300_characters(error: Exception, told: str) -> None:
    assert remote_predictor._reason(error) == told


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:8000", True),
        ("http://127.0.0.2", True),
        ("http://[::1]:8000", True),
        ("http://192.0.2.1", False),
        ("http://topics.example", False),
        ("http://[::", False),
        ("nonsense", False),
    ],
)
def test_service_on_this_machine_is_asked_without_the_environment(url: str, local: bool) -> None:
    assert (remote_predictor._transport(url) is not None) is local
