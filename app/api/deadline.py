"""Until when an answer is worth having."""

import time
from typing import Any

from starlette.requests import Request

from app.api.errors import DeadlineError, HeaderError, quoted

HEADER = "X-Request-Timeout"
PARAMETER: dict[str, Any] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Seconds after which the answer is not wanted any more; the service's own limit still holds.",
    "schema": {"type": "number", "exclusiveMinimum": 0, "examples": [2.5]},
}


class Deadline:
    """A point in time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until then; negative when it has passed."""
        return self._at - time.monotonic()

    def check(self) -> None:
        """Raises DeadlineError when it has passed."""
        if self.left() < 0:
            raise self.error()

    def error(self) -> DeadlineError:
        """What to say then."""
        return DeadlineError(f"The answer was not ready within {self.seconds:g} seconds; send less at once.")


def deadline(request: Request, longest: float) -> Deadline:
    """The caller's own, if it comes before the service's; raises HeaderError if it is not a positive number."""
    given = dict(request.scope["headers"]).get(b"x-request-timeout")
    if given is None:
        return Deadline(longest)
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise HeaderError(
            f"{HEADER} must be a positive number of seconds, but it is {quoted(given.decode('latin-1'))}."
        )
    return Deadline(min(seconds, longest))
