"""Where every answered request is written down: in the metrics and in the access log."""

import asyncio

from starlette.types import Scope

from app.api.access_log import AccessLog
from app.api.entry import Entry
from app.api.service import Service

_METHODS = ("GET", "POST", "HEAD", "OPTIONS")


class Ledger:
    """One entry a request, whoever answered it.

    The entries of one turn of the event loop are written at its end, when their answers are out: under load that is one
    system call for many requests.
    """

    def __init__(self, service: Service, access_log: AccessLog | None) -> None:
        """`access_log`: None writes no lines."""
        self._metrics = service.metrics
        self._access_log = access_log
        self._entries: list[Entry] = []

    def enter(self, scope: Scope, route: str, status: int, seconds: float) -> None:
        """A request has been answered."""
        if not self._entries:
            asyncio.get_running_loop().call_soon(self._write)
        method = scope["method"]
        if method not in _METHODS:
            method = "OTHER"  # anybody may invent methods; metrics must not grow with them
        headlines, inference = scope.get("headlines", ()), scope.get("inference")
        self._entries.append(Entry(scope["request_id"], route, method, status, seconds, headlines, inference))

    def _write(self) -> None:
        entries, self._entries = self._entries, []
        self._metrics.answered(entries)
        if self._access_log is not None:
            self._access_log.write(entries)
