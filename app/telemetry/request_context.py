"""Request context: state of one HTTP request, for its response, the metrics and the access log."""

import random
import re
import time
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from starlette._utils import get_route_path

CLIENT_GONE = 499
"""Status in metrics and logs, as in nginx, if the client closed the connection before the response; never sent."""

MAX_CLIENT_CHARACTERS = 64
"""An IPv6 address with a zone is shorter; a proxy may pass on a longer X-Forwarded-For."""

_KEY = "request_context"

_WELL_FORMED = re.compile(rb"[A-Za-z0-9._~:/+=-]{1,128}")


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
    headers: Mapping[bytes, bytes] = field(default_factory=dict)
    """By name in lower case; the last value of a repeated header."""
    content_length: int = 0
    """Declared bytes of the body; 0 if it is chunked."""
    path_params: Mapping[str, str] = field(default_factory=dict)
    """Values of the parameters in the route template."""
    started: float = field(default_factory=time.perf_counter)
    body_read: float = 0.0
    """`time.monotonic()` at the end of the body of a request to classify."""
    seconds: float = 0.0
    """Time from the complete headers to the end of the response."""
    headlines: Sequence[str] = ()
    """Headlines of the request; empty unless it was admitted."""
    inference_seconds: tuple[float, float] | None = None
    """Seconds in encoder and network, a share of those of a micro-batch; None unless all headlines were classified."""
    binary: bytes = b""
    """Only for the Open Inference Protocol: tensors that follow the JSON of the request."""
    content_type: bytes = b"application/json"
    """Of the response; only the Open Inference Protocol changes it."""
    response_headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    client: str = ""
    """Address of the client, or of the last proxy that is not trusted; empty if the server does not know it."""

    @classmethod
    def begin(cls, scope: MutableMapping[str, Any]) -> Self:
        """The context of a request whose headers are complete, put where `context_of` finds it.

        That is in ASGI's `state`, which belongs to the application.
        """
        headers = dict(scope["headers"])
        context = cls(request_id(headers), scope["method"], get_route_path(scope), headers=headers)
        declared = headers.get(b"content-length", b"")
        if declared.isdigit():
            context.content_length = int(declared[:19])  # Python refuses to convert thousands of digits
        scope.setdefault("state", {})[_KEY] = context
        return context.from_client(scope.get("client"))

    def from_client(self, client: tuple[str, int] | None) -> Self:
        """This context, with the address of the client as ASGI gives it."""
        if client is not None:
            self.client = client[0][:MAX_CLIENT_CHARACTERS]
        return self

    def finish(self) -> None:
        """Set duration and status when the response is sent or the client has disconnected."""
        self.seconds = time.perf_counter() - self.started
        self.status = self.status or CLIENT_GONE


def context_of(scope: MutableMapping[str, Any]) -> RequestContext:
    """The context of the request with this ASGI scope."""
    context: RequestContext = scope["state"][_KEY]
    return context


def request_id(headers: Mapping[bytes, bytes]) -> str:
    """The client's own X-Request-ID if it is well formed, else a new one."""
    given = headers.get(b"x-request-id")
    return given.decode("ascii") if given is not None and _WELL_FORMED.fullmatch(given) else new_request_id()


def new_request_id() -> str:
    """128 random bits in hexadecimal, without the system call of a cryptographic generator: an ID is not a secret."""
    return f"{random.getrandbits(128):032x}"
