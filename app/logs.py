"""Log lines: JSON for machines, readable where somebody looks on. Never a key; a headline only when asked for."""

import asyncio
import sys
from typing import Any, TextIO, cast

import structlog
from pydantic_core import to_json
from structlog.typing import EventDict, Processor, WrappedLogger

_TIME = structlog.processors.TimeStamper(fmt="iso", utc=True)

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
        foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.ExtraAdder(), _drop_colour, _TIME],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _renderer(),
        ],
    )


class OncePerTurn:
    """A file to which the lines of one turn of the event loop go in one piece: under load, one system call for many."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._lines: list[str] = []

    def write(self, text: str) -> None:
        """Keep a line for the end of this turn."""
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._write)
        self._lines.append(text)

    def flush(self) -> None:
        """What structlog does after each line; the turn's end does it for all of them."""

    def _write(self) -> None:
        lines, self._lines = self._lines, []
        self._file.write("".join(lines))
        self._file.flush()


def access_logger() -> structlog.typing.FilteringBoundLogger:
    """Writes one line a request; straight to stdout, as the standard library's way costs more than a prediction."""
    logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(cast(TextIO, OncePerTurn(sys.stdout))),
        processors=[_TIME, _renderer()],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
    )
    return logger.bind(level="info")  # wrap_logger's own object would be bound anew for every line


def _renderer() -> Processor:
    if sys.stdout.isatty():
        return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return _json


def _json(_: WrappedLogger, __: str, event: EventDict) -> str:
    return to_json(event, fallback=repr).decode()


def _drop_colour(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event.pop("color_message", None)
    return event
