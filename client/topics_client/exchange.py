"""One request with its retries, without input or output.

The generators yield what is to be done (send, sleep) and receive what came of it, so that the blocking client and the
awaited one share every decision.
"""

import json
import math
import random
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, TypeAlias

import httpx2

from topics_client.errors import InvalidResponseError, UnreachableError, problem_error

RETRIED = frozenset({429, 502, 503})
"""Nothing of such a request was done. 504 is not among them (the same work would be late again), nor is 500."""

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0

MAX_ANSWER_BYTES = 128 * 1024 * 1024
"""After decompression. 1,000 headlines with all of 400 topics are 45 MB."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request; expects the Reply, or the HTTP library's exception that came in its place."""

    method: str
    path: str
    headers: Mapping[str, str]
    json: object
    timeout: float
    """Seconds for the whole reply; may be infinite."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reply:
    """A response, read to its end and decompressed."""

    status: int
    headers: Mapping[str, str]
    """Case-insensitive."""
    content: bytes


Came: TypeAlias = "Reply | httpx2.HTTPError | None"
Steps: TypeAlias = Generator[Send | Sleep, Came, Any]


class Body:
    """The content of a response as it arrives, bounded in time and size."""

    def __init__(self, response: httpx2.Response, due: float) -> None:
        """`due`: a time of `time.monotonic()`."""
        self._response = response
        self._due = due
        self._content = bytearray()

    def add(self, chunk: bytes) -> None:
        """Append; raises ReadTimeout or InvalidResponseError."""
        self._content += chunk
        if len(self._content) > MAX_ANSWER_BYTES:
            raise InvalidResponseError(f"{self._response.url}: the answer has more than {MAX_ANSWER_BYTES:,} bytes.")
        if time.monotonic() > self._due:  # a transport may bound each of its reads, but not their sum
            raise httpx2.ReadTimeout("the answer was still arriving")

    def reply(self) -> Reply:
        """All of it."""
        return Reply(self._response.status_code, self._response.headers, bytes(self._content))


def exchange(method: str, path: str, json: object, timeout: float, retries: int) -> Steps:
    """Ask until there is an answer; returns its JSON value.

    Asking again is safe for every route of this service: GETs read, and a prediction changes nothing but counters.
    So a request is also repeated after its connection was lost.

    Args:
        method: of HTTP.
        path: below the service's URL.
        json: the body, or None.
        timeout: seconds for all of it, retries and pauses included; the service is told what is left.
        retries: how often to ask again.

    Raises:
        UnreachableError: no answer came in time.
        InvalidResponseError: the answer is not one of this service.
        ProblemError: the answer is a problem; if it was temporary, it lasted for all retries.
    """
    due = time.monotonic() + timeout
    for attempt in range(retries + 1):
        left = max(due - time.monotonic(), 0.001)
        headers = {"X-Request-Timeout": f"{left:.3f}"} if left < math.inf else {}
        came = yield Send(method, path, headers, json, left)
        if isinstance(came, Reply) and came.status == httpx2.codes.OK:
            return _json(came, path)
        pause = _pause(came, attempt)
        if pause is None or attempt == retries or time.monotonic() + pause >= due:
            _raise(came, path, timeout)
        yield Sleep(pause)
    raise AssertionError("unreachable")


def _pause(came: Came, attempt: int) -> float | None:
    """Seconds to wait before asking again: what Retry-After says, else longer each time; None: do not."""
    # Jitter, so that clients that were refused together do not come back together.
    pause = min(FIRST_PAUSE * 2.0 ** min(attempt, 10), LONGEST_PAUSE) * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
    if not isinstance(came, Reply):
        return pause if isinstance(came, httpx2.TransportError) else None
    if came.status not in RETRIED:
        return None
    asked = _retry_after(came.headers.get("Retry-After", ""))
    return pause if asked is None else asked + pause


def _retry_after(value: str) -> float | None:
    """Seconds from now; the header holds seconds or a date (RFC 9110, 10.2.3)."""
    if value.isdecimal():
        return float(value[:20])
    try:
        at = parsedate_to_datetime(value)
        return max((at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, OverflowError):
        return None


def _raise(came: Came, path: str, timeout: float) -> NoReturn:
    """The exception for what is not an answer."""
    if isinstance(came, Reply):
        if came.status < httpx2.codes.BAD_REQUEST:
            to = came.headers.get("Location")
            where = f", a redirect to {to[:200]}: give the client that service's URL" if to else ""
            raise InvalidResponseError(f"{path}: the answer has status {came.status}{where}.")
        try:
            body = _json(came, path)
        except InvalidResponseError:
            body = None
        raise problem_error(came.status, body, came.content)
    what = f"{type(came).__name__}: {came}" if str(came) else type(came).__name__
    if isinstance(came, httpx2.TimeoutException):
        raise UnreachableError(f"{path}: no answer within {timeout:g} s ({what}).") from came
    if isinstance(came, httpx2.TransportError):
        raise UnreachableError(f"{path}: no answer ({what}).") from came
    raise InvalidResponseError(f"{path}: the answer cannot be read ({what}).") from came


def _json(reply: Reply, path: str) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(reply.content, parse_constant=_no_number)
    # RecursionError: a foreign answer may be nested a million deep.
    except (ValueError, RecursionError) as error:
        raise InvalidResponseError(f"{path}: the answer is not this service's JSON ({error}).") from error


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
