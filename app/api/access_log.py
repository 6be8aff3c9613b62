"""One line for each answered request. Never a key; a headline only when asked for."""

import sys
from collections.abc import Iterable

from structlog.typing import EventDict

from app.api.entry import Entry
from app.logs import TIME, renderer


class AccessLog:
    """One line a request, straight to stdout: a logger's way there costs half as much as a prediction."""

    def __init__(self, *, headlines: bool) -> None:
        """`headlines`: whether they are written, and not only how many there are."""
        self._file = sys.stdout
        self._render = renderer()
        self._headlines = headlines

    def write(self, entries: Iterable[Entry]) -> None:
        """Write some lines in one piece: one system call for many."""
        lines = [str(self._render(None, "info", self._line(one))) for one in entries]
        self._file.write("\n".join(lines) + "\n")
        self._file.flush()

    def _line(self, entry: Entry) -> EventDict:
        line = {
            "level": "info",
            "request_id": entry.request_id,
            "method": entry.method,
            "route": entry.route,
            "status": entry.status,
            "milliseconds": round(entry.seconds * 1000, 3),
            "headlines": list(entry.headlines) if self._headlines else len(entry.headlines),
            "event": "request",
        }
        return TIME(None, "info", line)
