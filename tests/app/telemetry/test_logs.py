"""Log records and warnings of libraries are written as JSON lines too."""

import asyncio
import io
import json
import logging
import logging.config
import sys
import time
import warnings
from collections.abc import Iterator

import pytest

from app.telemetry.logs import config, timestamp, writer


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """The output on stdout with `config` applied."""
    file = io.StringIO()
    monkeypatch.setattr(sys, "stdout", file)
    loggers = [logging.getLogger(name) for name in ("app", "uvicorn", None)]
    before = [(one.handlers[:], one.propagate, one.level) for one in loggers]
    logging.config.dictConfig(config())
    yield file
    logging.captureWarnings(False)
    for one, (handlers, propagate, level) in zip(loggers, before, strict=True):
        one.handlers, one.propagate, one.level = handlers, propagate, level


def test_library_records_become_lines_with_their_traceback(written: io.StringIO):
    logging.getLogger("uvicorn.error").info("started %d", 5, extra={"color_message": "\x1b[36m"})
    try:
        int("cause")
    except ValueError:
        logging.getLogger("app.x").exception("failed", extra={"request_id": "mine"})
    first, second = map(json.loads, written.getvalue().splitlines())
    assert (first["event"], first["level"]) == ("started 5", "info")
    assert "color_message" not in first
    assert (second["event"], second["request_id"]) == ("failed", "mine")
    assert "ValueError: invalid literal" in second["exception"]


def test_what_other_libraries_warn_of_is_a_line_too(written: io.StringIO):
    logging.getLogger("concurrent.futures").error("lost")
    logging.getLogger("concurrent.futures").info("chatter")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)  # catch_warnings has restored Python's own handler
        warnings.warn("old", stacklevel=1)

    async def fail() -> None:
        asyncio.get_running_loop().call_exception_handler({"message": "unhandled", "exception": KeyError("cause")})

    asyncio.run(fail())
    lost, old, unhandled = map(json.loads, written.getvalue().splitlines())
    assert (lost["event"], lost["level"]) == ("lost", "error")
    assert "UserWarning: old" in old["event"]
    assert unhandled["event"] == "unhandled"
    assert "KeyError: 'cause'" in unhandled["exception"]


@pytest.mark.parametrize("text", ["h\u00e9", "\U0001f600", "\ud800", "a\udcff", "\x00\n\u2028"])
def test_any_text_is_ascii_json_and_the_same_when_read(text: str):
    line = writer()({"texts": [text]})
    assert line.isascii()
    assert "\n" not in line
    assert json.loads(line)["texts"] == [text]


@pytest.mark.parametrize(("now", "shown"), [(0.0, "00.000000Z"), (59.25, "59.250000Z"), (7.0625, "07.062500Z")])
def test_timestamp_is_utc_with_six_digits_after_the_second(monkeypatch: pytest.MonkeyPatch, now: float, shown: str):
    monkeypatch.setattr(time, "time", lambda: 1_700_000_040 + now)
    assert timestamp() == f"2023-11-14T22:14:{shown}"


HOSTILE = "\x9b31m\x1b]0;title\x07\u2028\u202e"
"""Characters that a terminal interprets: colour, its title, line and text direction."""


def test_no_value_of_a_field_controls_the_terminal(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdout", terminal := io.StringIO())
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    write = writer()
    fields = {"event": HOSTILE, "client": HOSTILE, "texts": [HOSTILE], "exception": f"first\nsecond {HOSTILE}"}
    lines = write({"level": "info"} | fields).split("\n")
    assert [line for line in lines if line.startswith("second")] == ["second  31m ]0;title   "]
    plain = write({"level": "info"} | dict.fromkeys(fields, "title"))
    for character in set(HOSTILE) - {"\x1b"}:
        assert "\n".join(lines).count(character) == 0 or character.isprintable()
    assert "\n".join(lines).count("\x1b") == plain.count("\x1b")  # only the colours of structlog
