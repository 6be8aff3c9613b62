"""Access log: what is logged for a request, and what is never logged."""

import io
import json
import sys
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from app.telemetry.access_log import AccessLog
from app.telemetry.request_context import RequestContext
from tests.app.conftest import Start

HEADLINE = "Confidential takeover of gold"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.strip().split("\n")]


def test_one_line_a_request_with_id_route_status_milliseconds_and_headline_count(
    start: Start, capsys: pytest.CaptureFixture[str]
):
    client = start()
    client.post("/predict", json={"headline": HEADLINE}, headers={"x-request-id": "mine"})
    client.post("/predict/batch", json={"headlines": [HEADLINE] * 70})
    client.get("/health/live")
    client.get("/nowhere?secret=1")
    written = lines(capsys)
    assert [(one["route"], one["method"], one["status"], one["headlines"]) for one in written] == [
        ("/predict", "POST", 200, 1),
        ("/predict/batch", "POST", 200, 70),
        ("/health/live", "GET", 200, 0),
        ("other", "GET", 404, 0),
    ]
    assert written[0]["request_id"] == "mine"
    for one in written:
        assert (one["event"], one["level"]) == ("request", "info")
        assert 0 < one["milliseconds"] < 10_000
        assert one["timestamp"].endswith("Z")


def test_headline_is_never_written_unless_switched_on(start: Start, capsys: pytest.CaptureFixture[str]):
    for switched_on in (False, True):
        client = start(log_headlines=switched_on)
        client.post("/predict", json={"headline": HEADLINE, "top_k": 99})
        client.post("/predict", content=b'{"headline": "' + HEADLINE.encode() + b'"')
        client.post("/predict", json={"headline": HEADLINE, "explain": True, "explain_topic": HEADLINE})
        client.post("/predict", json={"headline": HEADLINE})
        client.post("/predict/batch", json={"headlines": [HEADLINE, "oil"]})
        captured = capsys.readouterr()
        assert ("Confidential" in captured.out) is switched_on
        assert "Confidential" not in captured.err
    last = json.loads(captured.out.splitlines()[-1])
    assert (last["headlines"], last["texts"]) == (2, [HEADLINE, "oil"])


def test_switching_texts_on_adds_a_field_and_changes_no_other(monkeypatch: pytest.MonkeyPatch):
    off, on = io.StringIO(), io.StringIO()
    for file, headlines in ((off, False), (on, True)):
        monkeypatch.setattr(sys, "stdout", file)
        AccessLog(headlines=headlines).write([CONTEXT, replace(CONTEXT, headlines=())])
    for without, with_texts in zip(off.getvalue().splitlines(), on.getvalue().splitlines(), strict=True):
        before, after = json.loads(without), json.loads(with_texts)
        assert after.keys() - before.keys() == {"texts"}
        assert {key: type(after[key]) for key in before} == {key: type(value) for key, value in before.items()}
        assert after["headlines"] == len(after["texts"])


def test_lone_surrogate_in_a_text_is_written(monkeypatch: pytest.MonkeyPatch):
    file = io.StringIO()
    monkeypatch.setattr(sys, "stdout", file)
    AccessLog(headlines=True).write([replace(CONTEXT, headlines=["gold \ud800"])])
    assert json.loads(file.getvalue())["texts"] == ["gold \ud800"]


def test_closed_stdout_loses_lines_and_nothing_else(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdout", None)
    AccessLog(headlines=False).write([CONTEXT])


def test_key_is_never_written(start: Start, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture):
    client = start(api_keys="hush-hush", log_headlines=True)
    for headers in ({"x-api-key": "hush-hush"}, {"authorization": "Bearer hush-hush"}, {"x-api-key": "hush-hushh"}):
        client.get("/model", headers=headers)
    captured = capsys.readouterr()
    assert captured.out.count('"event":"request"') == 3
    assert "hush" not in captured.out + captured.err + caplog.text


def test_access_log_can_be_switched_off(start: Start, capsys: pytest.CaptureFixture[str]):
    start(access_log=False).get("/health/live")
    assert capsys.readouterr().out == ""


def test_nothing_hostile_in_an_id_or_path_breaks_a_line(start: Start, capsys: pytest.CaptureFixture[str]):
    client: TestClient = start(log_headlines=True)
    client.get("/a%0Ab%22", headers={b"x-request-id": b'x"\n{}'})
    client.post("/predict", json={"headline": 'gold\n{"event":"forged"}\u2028 \x00 \U0001f600'})
    assert len(lines(capsys)) == 2


CONTEXT = RequestContext(
    "mine",
    "POST",
    "/predict",
    "/predict",
    200,
    seconds=0.0012345,
    headlines=[HEADLINE],
    inference_seconds=(0.00004, 0.00006),
)


def test_a_terminal_gets_readable_lines(monkeypatch: pytest.MonkeyPatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdout", terminal)
    AccessLog(headlines=False).write([CONTEXT])
    assert "route" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")


def test_many_lines_are_written_in_one_piece_and_in_order(monkeypatch: pytest.MonkeyPatch):
    pieces: list[str] = []
    file = io.StringIO()
    file.write = pieces.append  # type: ignore[method-assign, assignment]
    monkeypatch.setattr(sys, "stdout", file)
    AccessLog(headlines=False).write([replace(CONTEXT, request_id=str(number)) for number in range(3)])
    [piece] = pieces
    assert [json.loads(line)["request_id"] for line in piece.splitlines()] == ["0", "1", "2"]
    assert piece.endswith("}\n")


def test_milliseconds_have_three_decimals(monkeypatch: pytest.MonkeyPatch):
    file = io.StringIO()
    monkeypatch.setattr(sys, "stdout", file)
    AccessLog(headlines=False).write([replace(CONTEXT, seconds=0.0123456)])
    assert json.loads(file.getvalue())["milliseconds"] == 12.346


@pytest.mark.parametrize(("level", "logged"), [("debug", True), ("info", True), ("warning", False), ("error", False)])
def test_requests_are_logged_at_info(start: Start, capsys: pytest.CaptureFixture[str], level: str, logged: bool):
    start(log_level=level).get("/health/live")
    assert bool(capsys.readouterr().out) is logged
