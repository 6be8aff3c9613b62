"""Log lines: JSON, or text for people where stdout is a terminal. Never a key; a headline only if configured."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from pydantic_core import PydanticSerializationError, to_json

from app.telemetry.log_stream import non_blocking, replace_standard_streams

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger


@contextmanager
def _without_rich() -> Iterator[None]:
    """Keep structlog from loading rich, which Keras brings: 3 MB and 30 ms a worker for tracebacks unwanted here."""
    kept = sys.modules.pop("rich", None)
    sys.modules["rich"] = None  # type: ignore[assignment]  # Python's own sign for what must not be imported
    try:
        yield
    finally:
        del sys.modules["rich"]
        if kept is not None:
            sys.modules["rich"] = kept


with _without_rich():
    import structlog

_TIME = structlog.processors.TimeStamper(fmt="iso", utc=True)

CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "app.telemetry.logs.formatter"}},
    "handlers": {"stdout": {"()": "app.telemetry.logs.handler", "formatter": "lines"}},
    "loggers": {name: {"handlers": ["stdout"], "level": "INFO", "propagate": False} for name in ("app", "uvicorn")},
    "root": {"handlers": ["stdout"], "level": "WARNING"},
}
"""For `logging.config.dictConfig`: what uvicorn and this package log, and others from WARNING, as lines on stdout."""


def handler() -> logging.Handler:
    """Make stdout and stderr of this process non-blocking and warnings log records; called when CONFIG is applied."""
    replace_standard_streams(_notice)
    logging.captureWarnings(True)
    return logging.StreamHandler(sys.stdout)


def stdout() -> TextIO:
    """Stdout for log lines: never blocks and never raises, whatever server runs the app."""
    return non_blocking(sys.stdout, _notice)


def _notice(lines: int) -> str:
    event = {"level": "warning", "event": "log lines were dropped because they could not be written", "lines": lines}
    return writer()(event) + "\n"


def formatter() -> structlog.stdlib.ProcessorFormatter:
    """Writes standard library log records like access lines."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.ExtraAdder(), _drop_colour, _TIME],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _renderer(),
        ],
    )


def writer() -> Callable[[dict[str, Any]], str]:
    """Makes an event a line that says when: JSON, or what people like to read where stdout is a terminal."""
    render = _renderer()
    return lambda event: str(render(None, "info", _TIME(None, "info", event)))


def _renderer() -> "Processor":
    if sys.stdout is not None and sys.stdout.isatty():
        return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return _json


def _json(_: "WrappedLogger", __: str, event: "EventDict") -> str:
    try:
        line = to_json(event, fallback=repr)
        if not line.isascii():  # nearly all are, and those that may not be cost more
            line = to_json(event, fallback=repr, ensure_ascii=True)  # for any locale
    except PydanticSerializationError:  # a lone surrogate
        return json.dumps(event, default=repr)
    return line.decode()


def _drop_colour(_: "WrappedLogger", __: str, event: "EventDict") -> "EventDict":
    event.pop("color_message", None)
    return event
