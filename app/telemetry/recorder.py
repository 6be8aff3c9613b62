"""Request recorder: passes finished requests to metrics and access log."""

from app.telemetry.access_log import AccessLog
from app.telemetry.prometheus.metrics import Metrics
from app.telemetry.request_context import RequestContext

_METHODS = ("GET", "POST", "HEAD", "OPTIONS")


class RequestRecorder:
    """Records each request once, regardless of the layer that answered it.

    Metrics and access log only buffer it; what they write for many requests together takes a fraction of the time.
    """

    def __init__(self, metrics: Metrics, access_log: AccessLog | None) -> None:
        """`access_log`: None disables the access log."""
        self._metrics = metrics
        self._access_log = access_log

    def record(self, context: RequestContext) -> None:
        """Record a finished request."""
        if context.method not in _METHODS:
            context.method = "OTHER"  # clients may send any method, and each would be a label of the metrics
        self._metrics.add_request(context)
        if self._access_log is not None:
            self._access_log.add(context)

    def count_refusal(self, reason: str | None) -> None:
        """Count in `topics_rejected_total` a request refused or abandoned; None (an invalid request) is not counted."""
        if reason:
            self._metrics.rejected.labels(reason).inc()

    def flush(self) -> None:
        """Update the metrics and write the access log now."""
        self._metrics.update()
        if self._access_log is not None:
            self._access_log.flush()
