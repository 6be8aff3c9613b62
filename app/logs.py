"""Log lines: JSON for machines, readable where somebody looks on. Never a key; a headline only when asked for."""

import sys
from typing import Any

import structlog
from pydantic_core import to_json
from structlog.typing import EventDict, Processor, WrappedLogger

TIME = structlog.processors.TimeStamper(fmt="iso", utc=True)

CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "app.logs.formatter"}},
    "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "lines", "stream": "ext://sys.stdout"}},
    "loggers": {name: {"handlers": ["stdout"], "level": "INFO", "propagate": False} for name in ("app", "uvicorn")},
}
"""For `logging.config.dictConfig`: what uvicorn and this package say, one line each, on stdout."""


def formatter() -> structlog.stdlib.ProcessorFormatter:
    """Writes standard library log records like access lines."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.ExtraAdder(), _drop_colour, TIME],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer(),
        ],
    )


def renderer() -> Processor:
    """Makes an event one line: JSON, or what people like to read where stdout is a terminal."""
    if sys.stdout.isatty():
        return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return _json


def _json(_: WrappedLogger, __: str, event: EventDict) -> str:
    return to_json(event, fallback=repr).decode()


def _drop_colour(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event.pop("color_message", None)
    return event
