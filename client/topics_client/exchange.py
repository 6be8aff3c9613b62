"""One question and its answer, with everything that may happen between, and without input or output.

The generators yield what is to be done (send, sleep) and are sent what came of it, so that the retries exist once for
the client that blocks and the one that awaits.
"""

import random
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias

import httpx2

from topics_client.errors import UnreachableError, problem_error

RETRIED = frozenset({429, 502, 503})
"""Nothing of such a request was done. 504 is not among them (the same work would be late again), nor is 500."""

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request; expects the response, or the TransportError that came in its place."""

    method: str
    path: str
    headers: Mapping[str, str]
    json: object
    timeout: float


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait so many seconds."""

    seconds: float


Steps: TypeAlias = Generator[Send | Sleep, "httpx2.Response | httpx2.TransportError | None", Any]


def exchange(method: str, path: str, json: object, timeout: float, retries: int) -> Steps:
    """Ask until there is an answer; returns its JSON.

    Asking again is safe for every route of this service: GETs read, and a prediction changes nothing but counters.
    So a lost connection is tried again even though the request may have been worked on.

    Args:
        method: of HTTP.
        path: below the service's URL.
        json: the body, or None.
        timeout: seconds for all of it, retries and pauses included; the service is told what is left.
        retries: how often to ask again.

    Raises:
        UnreachableError: no answer came.
        ProblemError: the answer is a problem, and if it may pass, then it did not in time.
    """
    due = time.monotonic() + timeout
    for attempt in range(retries + 1):
        left = max(due - time.monotonic(), 0.001)
        answer = yield Send(method, path, {"X-Request-Timeout": f"{left:.3f}"}, json, left)
        if isinstance(answer, httpx2.Response) and answer.status_code == httpx2.codes.OK:
            return _json(answer)
        pause = _pause(answer, attempt)
        if pause is None or attempt == retries or time.monotonic() + pause >= due:
            raise _error(answer, path) from (answer if isinstance(answer, Exception) else None)
        yield Sleep(pause)
    raise AssertionError("unreachable")


def _pause(answer: httpx2.Response | httpx2.TransportError | None, attempt: int) -> float | None:
    """Seconds to wait before asking again: what Retry-After says, else longer each time; None: do not."""
    # Jitter, so that clients that were refused together do not come back together.
    pause = min(FIRST_PAUSE * 2.0**attempt, LONGEST_PAUSE) * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
    if not isinstance(answer, httpx2.Response):
        return None if isinstance(answer, httpx2.UnsupportedProtocol) else pause
    if answer.status_code not in RETRIED:
        return None
    asked = _retry_after(answer.headers.get("Retry-After", ""))
    return pause if asked is None else asked + pause


def _retry_after(value: str) -> float | None:
    """Seconds from now; the header holds seconds or a date (RFC 9110, 10.2.3)."""
    if value.isdecimal():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max((at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds(), 0.0)


def _error(answer: httpx2.Response | httpx2.TransportError | None, path: str) -> Exception:
    if isinstance(answer, httpx2.Response):
        return problem_error(answer.status_code, _json(answer, None), answer.text)
    return UnreachableError(f"{path}: no answer ({type(answer).__name__}: {answer}).")


_RAISE: Any = object()


def _json(answer: httpx2.Response, default: object = _RAISE) -> Any:  # noqa: ANN401 - JSON
    try:
        return answer.json()
    except ValueError as error:
        if default is _RAISE:
            raise UnreachableError(f"{answer.url}: answers, but not as this service does.") from error
        return default
