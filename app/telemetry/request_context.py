"""What one HTTP request accumulates on its way, for its answer, the metrics and the access log."""

import time
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

CLIENT_GONE = 499
"""nginx's status for a client that closed the connection first; only metrics and logs see it."""

_KEY = "request_context"


@dataclass(slots=True)
class RequestContext:
    """One request."""

    request_id: str
    method: str
    path: str
    """As the router sees it: without the root path."""
    route: str = ""
    """Template of the route that answered, such as `/v2/models/{name}/infer`; `other` if none did."""
    status: int = 0
    """0 until the answer has begun."""
    started: float = field(default_factory=time.perf_counter)
    seconds: float = 0.0
    """From the complete headers to the answer."""
    headlines: Sequence[str] = ()
    """What it wanted classified; empty if it was refused before that."""
    inference_seconds: float | None = None
    """In the classifier; None unless everything was classified."""
    binary: bytes = b""
    """Tensors that follow the JSON of an Open Inference request."""
    content_type: bytes = b"application/json"
    response_headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    def finish(self) -> None:
        """The answer is out, or the client is gone."""
        self.seconds = time.perf_counter() - self.started
        self.status = self.status or CLIENT_GONE

    def attach(self, scope: MutableMapping[str, Any]) -> None:
        """Put it where `context_of` finds it: in ASGI's `state`, which belongs to the application."""
        scope.setdefault("state", {})[_KEY] = self


def context_of(scope: MutableMapping[str, Any]) -> RequestContext:
    """The context of the request that an ASGI scope describes."""
    context: RequestContext = scope["state"][_KEY]
    return context
