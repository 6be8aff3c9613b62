"""Log format: JSON lines, or readable text if stdout is a terminal. Never contains an API key."""

import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TextIO

from pydantic_core import PydanticSerializationError, to_json

from app.control_characters import one_line
from app.telemetry.log_streams.standard_streams import non_blocking, replace_standard_streams


@contextmanager
def _without_rich() -> Iterator[None]:
    """Keep structlog from importing rich, a dependency of Keras: 3 MB and 30 ms per worker for unused tracebacks."""
    kept = sys.modules.pop("rich", None)
    sys.modules["rich"] = None  # type: ignore[assignment]  # makes `import rich` raise ImportError
    try:
        yield
    finally:
        del sys.modules["rich"]
        if kept is not None:
            sys.modules["rich"] = kept


with _without_rich():
    import structlog
    from structlog.typing import EventDict, Processor, WrappedLogger


def timestamp() -> str:
    """The time in UTC, to the microsecond, as in RFC 3339; a third of the time of formatting a `datetime`."""
    now = time.time()
    second = int(now)
    return f"{_formatted(second)}.{int((now - second) * 1e6):06d}Z"


@lru_cache(maxsize=1)
def _formatted(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def config(level: str = "info") -> dict[str, Any]:
    """For `logging.config.dictConfig`: uvicorn and this package from `level`, others from WARNING, on stdout."""
    own = {"handlers": ["stdout"], "level": level.upper(), "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": "app.telemetry.logs.formatter"}},
        "handlers": {"stdout": {"()": "app.telemetry.logs.handler", "formatter": "lines"}},
        "loggers": {"app": own, "uvicorn": own},
        "root": {"handlers": ["stdout"], "level": "ERROR" if level == "error" else "WARNING"},
    }


def handler() -> logging.Handler:
    """Make stdout and stderr non-blocking and turn warnings into log records; called when `config` is applied."""
    replace_standard_streams(_notice)
    logging.captureWarnings(True)
    return logging.StreamHandler(sys.stdout)


def stdout() -> TextIO:
    """Stdout for log lines, which never blocks or raises, with any server that runs the app."""
    return non_blocking(sys.stdout, _notice)


def _notice(lines: int) -> str:
    event = {
        "timestamp": "",
        "level": "warning",
        "event": "log lines were dropped because they could not be written",
        "lines": lines,
    }
    return writer()(event) + "\n"


def formatter() -> structlog.stdlib.ProcessorFormatter:
    """Formats log records of the standard library like access log lines."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.ExtraAdder(), _drop_colour, _add_time],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _in_order,
            _renderer(),
        ],
    )


def writer() -> Callable[[dict[str, Any]], str]:
    """A function that turns an event into a line with a timestamp: JSON, or readable text if stdout is a terminal."""
    render = _renderer()

    def write(event: dict[str, Any]) -> str:
        event["timestamp"] = timestamp()
        return str(render(None, "info", event))

    return write


def _renderer() -> Processor:
    if sys.stdout is None or not sys.stdout.isatty():
        return _json
    render = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return lambda logger, name, event: render(logger, name, {field: _harmless(value) for field, value in event.items()})


def _harmless(value: Any) -> Any:  # noqa: ANN401 - any value of a field
    """A text, such as a file name, without characters that a terminal interprets; other values as is.

    Line breaks stay, because tracebacks have them; structlog writes values that are not texts with `repr`.
    """
    return "\n".join(map(one_line, value.split("\n"))) if isinstance(value, str) else value


def _json(_: WrappedLogger, __: str, event: EventDict) -> str:
    try:
        line = to_json(event, fallback=repr)
        if not line.isascii():  # nearly all lines are ASCII, and ensure_ascii is slower
            line = to_json(event, fallback=repr, ensure_ascii=True)  # for any locale
    except PydanticSerializationError:  # a lone surrogate
        return json.dumps(event, default=repr)
    return line.decode()


def _in_order(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Put timestamp, level and event first, as in the access log."""
    return {name: event.pop(name) for name in ("timestamp", "level", "event")} | dict(event)


def _add_time(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event["timestamp"] = timestamp()
    return event


def _drop_colour(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event.pop("color_message", None)
    return event
