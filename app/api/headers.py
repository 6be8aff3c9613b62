"""Headers of this API, as the OpenAPI document describes them."""

from typing import Any

HEADER_LENGTH = "Inference-Header-Content-Length"

REQUEST_ID: dict[str, Any] = {
    "name": "X-Request-ID",
    "in": "header",
    "required": False,
    "description": "ID for the response and the log: 1 to 128 letters, digits or `._~:/+=-`. Any other is replaced.",
    "schema": {"type": "string"},
}

RESPONSE_HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {
        "description": "ID of the request, also in the log: its own X-Request-ID if that is valid, or a new one.",
        "schema": {"type": "string"},
    },
    "Server-Timing": {
        "description": "Milliseconds for encoding and for the network, such as `encode;dur=0.031, predict;dur=0.288`.",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "Number of seconds after which to send the request again.",
        "schema": {"type": "integer"},
    },
    "WWW-Authenticate": {"description": "Always `Bearer`.", "schema": {"type": "string"}},
    HEADER_LENGTH: {
        "description": "Length of the JSON at the start of the body, in bytes; only if binary tensors follow it.",
        "schema": {"type": "integer"},
    },
}
"""Response headers of this service, all of which CORS lets pages of other origins read."""


def header_names(method: str, path: str, status: str) -> list[str]:
    """The headers, besides those of HTTP itself, of the responses of an operation with this status."""
    names = ["X-Request-ID"]
    if status == "200" and method == "post":
        names.append("Server-Timing")
        if path.endswith("/infer"):
            names.append(HEADER_LENGTH)
    return names + {"401": ["WWW-Authenticate"], "503": ["Retry-After"]}.get(status, [])
