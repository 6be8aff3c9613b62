"""The request header X-Request-Timeout, which shortens the deadline of a prediction."""

import re
from typing import Any

from app.errors import HeaderError, quoted
from app.serving.deadline import Deadline
from app.telemetry.request_context import RequestContext

NAME = "X-Request-Timeout"

# `float` also takes `1_0`, which is 10. Only one repetition can match a character: with two for the same digits, a
# header of 64 KiB that is no number would take a minute.
_NUMBER = re.compile(rb"([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")

REQUEST_TIMEOUT: dict[str, Any] = {
    "name": NAME,
    "in": "header",
    "required": False,
    "description": "Deadline in seconds. The earlier of this and TOPICS_DEADLINE_SECONDS applies; after that: 504.",
    "schema": {"type": "number", "exclusiveMinimum": 0, "examples": [2.5]},
}


def deadline(context: RequestContext, max_seconds: float) -> Deadline:
    """The deadline of a request: at most `max_seconds` after the end of its body.

    Raises HeaderError if the request's own is not a positive number.
    """
    given = context.headers.get(b"x-request-timeout")
    if given is None:
        return Deadline(max_seconds, context.body_read)
    seconds = float(given) if _NUMBER.fullmatch(given) else 0.0
    if not 0 < seconds < float("inf"):
        raise HeaderError(f"{NAME} must be a positive number of seconds, but it is {quoted(given.decode('latin-1'))}.")
    return Deadline(min(seconds, max_seconds), context.body_read)
