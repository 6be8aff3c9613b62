"""Request recorder: passes finished requests to metrics and access log, batched per event loop iteration."""

import asyncio

from app.telemetry.access_log import AccessLog
from app.telemetry.prometheus.metrics import Metrics
from app.telemetry.request_context import RequestContext

_METHODS = ("GET", "POST", "HEAD", "OPTIONS")


class RequestRecorder:
    """Records each request once, regardless of the layer that answered it.

    The records of one iteration of the event loop are written together after the answers: under load one system call
    for many requests.
    """

    def __init__(self, metrics: Metrics, access_log: AccessLog | None) -> None:
        """`access_log`: None disables the access log."""
        self._metrics = metrics
        self._access_log = access_log
        self._contexts: list[RequestContext] = []

    def record(self, context: RequestContext) -> None:
        """Record a finished request."""
        if context.method not in _METHODS:
            context.method = "OTHER"  # clients may send any method, and each would be a label of the metrics
        if not self._contexts:
            asyncio.get_running_loop().call_soon(self._write)
        self._contexts.append(context)

    def count_refusal(self, reason: str | None) -> None:
        """Count in `topics_rejected_total` a request refused or abandoned; None (an invalid request) is not counted."""
        if reason:
            self._metrics.rejected.labels(reason).inc()

    def _write(self) -> None:
        contexts, self._contexts = self._contexts, []
        self._metrics.add_requests(contexts)
        if self._access_log is not None:
            self._access_log.write(contexts)
