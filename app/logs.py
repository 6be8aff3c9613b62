"""Log lines: JSON for machines, readable where somebody looks on. Never a key; a headline only when asked for."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

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


def writer() -> Callable[[dict[str, Any]], str]:
    """Makes an event a line that says when: JSON, or what people like to read where stdout is a terminal."""
    render = _renderer()
    return lambda event: str(render(None, "info", _TIME(None, "info", event)))


def _renderer() -> "Processor":
    if sys.stdout.isatty():
        return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return _json


def _json(_: "WrappedLogger", __: str, event: "EventDict") -> str:
    return to_json(event, fallback=repr).decode()


def _drop_colour(_: "WrappedLogger", __: str, event: "EventDict") -> "EventDict":
    event.pop("color_message", None)
    return event
