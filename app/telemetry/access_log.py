"""Access log: one line per request. Never contains an API key; contains headlines only if configured."""

import asyncio
from typing import Any

from app.telemetry.logs import stdout, timestamp, writer
from app.telemetry.request_context import RequestContext

WRITE_SECONDS = 0.02
"""Time for which requests are buffered. Formatting their lines together takes a few microseconds each. For a single
request it takes 15, because its code and data are in no CPU cache."""


class AccessLog:
    """Writes one line per request directly to stdout: `logging` would take half as long as a prediction.

    Lines are written every WRITE_SECONDS, or by `flush`.
    """

    def __init__(self, *, headlines: bool) -> None:
        """`headlines`: whether to log the texts of the headlines in addition to their number."""
        self._file = stdout()
        self._write = writer()
        self._headlines = headlines
        self._contexts: list[RequestContext] = []

    def add(self, context: RequestContext) -> None:
        """Write the line of a finished request, within WRITE_SECONDS."""
        if not self._contexts:
            asyncio.get_running_loop().call_later(WRITE_SECONDS, self.flush)
        self._contexts.append(context)

    def flush(self) -> None:
        """Write the lines of the buffered requests now, in one piece."""
        contexts, self._contexts = self._contexts, []
        if not contexts:
            return
        lines = [self._write(self._event(context)) for context in contexts]
        self._file.write("\n".join(lines) + "\n")
        self._file.flush()

    def _event(self, context: RequestContext) -> dict[str, Any]:
        event: dict[str, Any] = {
            "timestamp": timestamp(context.finished),
            "level": "info",
            "event": "request",
            "request_id": context.request_id,
            "client": context.client,
            "method": context.method,
            "route": context.route,
            "status": context.status,
            "milliseconds": round(context.seconds * 1000, 3),
            "headlines": len(context.headlines),
        }
        if self._headlines:
            event["texts"] = list(context.headlines)
        return event
