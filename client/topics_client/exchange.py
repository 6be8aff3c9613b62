"""One request with its retries, as a generator without I/O.

It yields steps (send, sleep) and receives their outcomes, so that the blocking and the asynchronous client share all
decisions.
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
"""Statuses after which a request is retried, because the service did no work for it. Not 504, which would recur."""

FIRST_PAUSE = 0.1
MAX_PAUSE = 5.0
"""Seconds before the first retry, which double with each further one up to the maximum."""

MAX_RETRY_AFTER = 3600.0
"""In seconds. A longer Retry-After is not waited for, also without a timeout; `time.sleep` overflows at 10^10."""

MAX_ANSWER_BYTES = 128 * 1024 * 1024
"""Limit after decompression. An answer for 1,000 headlines with 400 topics each has 45 MB."""

MAX_JSON_SEPARATORS = 20_000_000
"""Maximum number of opening brackets, commas and colons of an answer: 128 MiB of `[],` take 3 GB and a minute to parse.
The service returns at most 500,000 topics, each with nine of them and those of its name."""


@dataclass(frozen=True, slots=True)
class Send:
    """Step: send a request. Its outcome is a Reply, or the exception that httpx2 raised."""

    method: str
    path: str
    headers: Mapping[str, str]
    json: object
    timeout: float
    """Seconds for the whole reply; may be infinite."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Step: wait for some seconds. Its outcome is None."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete, decompressed response."""

    status: int
    headers: Mapping[str, str]
    """Case-insensitive."""
    content: bytes


Outcome: TypeAlias = "Reply | httpx2.HTTPError | None"
Steps: TypeAlias = Generator[Send | Sleep, Outcome, Any]


class Body:
    """The content of a response as it arrives, bounded in time and size."""

    def __init__(self, response: httpx2.Response, due: float) -> None:
        """Start with an empty content; `due` is the deadline, a time of `time.monotonic()`.

        Raises InvalidResponseError if the content is compressed repeatedly: 14 KB can then be gigabytes that decompress
        to nothing, so httpx2 returns no chunk for minutes and `add` cannot check the deadline.
        """
        if len(response.headers.get_list("content-encoding", split_commas=True)) > 1:
            raise InvalidResponseError(f"{response.url}: the answer has more than one Content-Encoding.")
        self._response = response
        self._due = due
        self._content = bytearray()

    def add(self, chunk: bytes) -> None:
        """Append a chunk; raises ReadTimeout after the deadline, InvalidResponseError above MAX_ANSWER_BYTES."""
        self._content += chunk
        if len(self._content) > MAX_ANSWER_BYTES:
            raise InvalidResponseError(f"{self._response.url}: the answer has more than {MAX_ANSWER_BYTES:,} bytes.")
        if time.monotonic() > self._due:  # a transport may bound each of its reads, but not their sum
            raise httpx2.ReadTimeout("the answer was still arriving")

    def reply(self) -> Reply:
        """The complete response."""
        return Reply(self._response.status_code, self._response.headers, bytes(self._content))


def exchange(method: str, path: str, json: object, timeout: float, retries: int) -> Steps:
    """Send a request and repeat it on temporary failures; returns the JSON value of the answer.

    Repeating is safe for every route of this service: GET routes only read, and a prediction changes only counters. So
    a request is also repeated after its connection was lost.

    Args:
        method: HTTP method.
        path: relative to the service's URL.
        json: the body, or None.
        timeout: seconds in all, including retries and pauses; each request sends the rest as X-Request-Timeout.
        retries: how often to repeat.

    Raises:
        UnreachableError: no answer arrived in time.
        InvalidResponseError: the answer cannot be this service's.
        ProblemError: the service answered with an error, during all retries if the error is temporary.
    """
    due = time.monotonic() + timeout
    before: Outcome = None
    for attempt in range(retries + 1):
        left = max(due - time.monotonic(), 0.001)
        headers = {"X-Request-Timeout": f"{left:.3f}"} if left < math.inf else {}
        outcome = yield Send(method, path, headers, json, left)
        if isinstance(outcome, Reply) and outcome.status == httpx2.codes.OK:
            return _json(outcome, path)
        pause = _pause(outcome, attempt)
        if pause is None or attempt == retries or time.monotonic() + pause >= due:
            _raise(outcome, before, path, timeout)
        before = outcome
        yield Sleep(pause)
    raise AssertionError("unreachable")


def _pause(outcome: Outcome, attempt: int) -> float | None:
    """Seconds to wait before the next attempt: Retry-After, otherwise exponential backoff; None: do not retry."""
    # Jitter, so that clients refused at the same moment do not retry at the same moment.
    pause = min(FIRST_PAUSE * 2.0 ** min(attempt, 10), MAX_PAUSE) * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
    if not isinstance(outcome, Reply):
        return pause if isinstance(outcome, httpx2.TransportError) else None
    if outcome.status not in RETRIED:
        return None
    retry_after = _retry_after(outcome.headers.get("Retry-After", ""))
    if retry_after is None:
        return pause
    return retry_after + pause if retry_after <= MAX_RETRY_AFTER else None


def _retry_after(value: str) -> float | None:
    """Seconds from now; the header holds seconds or a date (RFC 9110, section 10.2.3)."""
    if value.isdecimal():
        return float(value[:20])
    try:
        at = parsedate_to_datetime(value)
        return max((at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, OverflowError):
        return None


def _raise(outcome: Outcome, before: Outcome, path: str, timeout: float) -> NoReturn:
    """Raise the exception for an outcome that is not a successful answer; `before`: that of the attempt before it."""
    if isinstance(outcome, Reply):
        if outcome.status < httpx2.codes.BAD_REQUEST:
            to = outcome.headers.get("Location")
            where = f", a redirect to {to[:200]}: give the client that service's URL" if to else ""
            raise InvalidResponseError(f"{path}: the answer has status {outcome.status}{where}.")
        try:
            body = _json(outcome, path)
        except InvalidResponseError:
            body = None
        raise problem_error(outcome.status, body, outcome.content)
    what = _described(outcome)
    if isinstance(outcome, httpx2.TimeoutException):
        if before is not None:  # a retry without enough time left says nothing about the cause
            what = f"{what}; the attempt before it: {_described(before)}"
        raise UnreachableError(f"{path}: no answer within {timeout:g} s ({what}).") from outcome
    if isinstance(outcome, httpx2.TransportError):
        raise UnreachableError(f"{path}: no answer ({what}).") from outcome
    raise InvalidResponseError(f"{path}: the answer cannot be read ({what}).") from outcome


def _described(outcome: Outcome) -> str:
    if isinstance(outcome, Reply):
        return f"status {outcome.status}"
    return f"{type(outcome).__name__}: {outcome}" if str(outcome) else type(outcome).__name__


def _json(reply: Reply, path: str) -> Any:  # noqa: ANN401 - JSON
    if len(reply.content) - len(reply.content.translate(None, b"[{,:")) > MAX_JSON_SEPARATORS:
        raise InvalidResponseError(
            f"{path}: the answer has more than {MAX_JSON_SEPARATORS:,} opening brackets, commas and colons."
        )
    try:
        return json.loads(reply.content, parse_constant=_no_number)
    # RecursionError: the answer may be deeply nested.
    except (ValueError, RecursionError) as error:
        raise InvalidResponseError(f"{path}: the answer is not this service's JSON ({error}).") from error


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not valid JSON")
