"""Request context: state of one HTTP request, for its response, the metrics and the access log."""

import time
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

CLIENT_GONE = 499
"""Status in metrics and logs, as in nginx, if the client closed the connection before the response; never sent."""

_KEY = "request_context"


@dataclass(slots=True)
class RequestContext:
    """State of one request."""

    request_id: str
    method: str
    path: str
    """Path without the root path, as matched by the router."""
    route: str = ""
    """Template of the route that answered, such as `/v2/models/{name}/infer`; `other` if none did."""
    status: int = 0
    """0 until the response has started."""
    started: float = field(default_factory=time.perf_counter)
    seconds: float = 0.0
    """Time from the complete headers to the end of the response."""
    headlines: Sequence[str] = ()
    """Headlines of the request; empty if it was refused before they were parsed."""
    inference_seconds: float | None = None
    """Time in the classifier; None unless all headlines were classified."""
    binary: bytes = b""
    """Tensors that follow the JSON of an Open Inference request."""
    content_type: bytes = b"application/json"
    response_headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    def finish(self) -> None:
        """Set duration and status when the response is sent or the client has disconnected."""
        self.seconds = time.perf_counter() - self.started
        self.status = self.status or CLIENT_GONE

    def attach(self, scope: MutableMapping[str, Any]) -> None:
        """Store the context in the ASGI `state` of the request, where `context_of` finds it."""
        scope.setdefault("state", {})[_KEY] = self


def context_of(scope: MutableMapping[str, Any]) -> RequestContext:
    """The context of the request with this ASGI scope."""
    context: RequestContext = scope["state"][_KEY]
    return context
