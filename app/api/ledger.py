"""Where every answered request is written down: in the metrics and in the access log."""

from starlette.types import Scope

from app.api.service import Service
from app.logs import AccessLog


class Ledger:
    """One entry a request, whoever answered it."""

    def __init__(self, service: Service, access_log: AccessLog | None) -> None:
        """`access_log`: None writes no lines."""
        self._metrics = service.metrics
        self._log_headlines = service.settings.log_headlines
        self._access_log = access_log

    def enter(self, scope: Scope, route: str, status: int, seconds: float) -> None:
        """A request has been answered."""
        method = scope["method"]
        if method not in ("GET", "POST", "HEAD", "OPTIONS"):
            method = "OTHER"  # anybody may invent methods; metrics must not grow with them
        self._metrics.answered(route, method, status, seconds)
        if self._access_log is not None:
            headlines = scope.get("headlines", ())
            self._access_log.enter(
                request_id=scope["request_id"],
                method=method,
                route=route,
                status=status,
                milliseconds=round(seconds * 1000, 3),
                headlines=list(headlines) if self._log_headlines else len(headlines),
            )
