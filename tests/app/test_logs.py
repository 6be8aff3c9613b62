"""What libraries log comes out as lines, too."""

import io
import json
import logging
import logging.config
import sys

import pytest

from app.logs import CONFIG


def test_library_records_become_lines_with_their_traceback(monkeypatch: pytest.MonkeyPatch):
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    loggers = {name: logging.getLogger(name) for name in ("app", "uvicorn")}
    before = {name: (one.handlers[:], one.propagate, one.level) for name, one in loggers.items()}
    try:
        logging.config.dictConfig(CONFIG)
        logging.getLogger("uvicorn.error").info("started %d", 5, extra={"color_message": "\x1b[36m"})
        try:
            int("cause")
        except ValueError:
            logging.getLogger("app.x").exception("failed", extra={"request_id": "mine"})
    finally:
        for name, one in loggers.items():
            one.handlers, one.propagate, one.level = before[name]
    first, second = map(json.loads, written.getvalue().splitlines())
    assert (first["event"], first["level"]) == ("started 5", "info")
    assert "color_message" not in first
    assert (second["event"], second["request_id"]) == ("failed", "mine")
    assert "ValueError: invalid literal" in second["exception"]
