"""The exceptions of this package.

TopicsClientError
├── MisuseError             the client is closed, or belongs to another event loop or process
├── UnreachableError        no answer came: no connection, the connection was lost, or time ran out
├── InvalidResponseError    an answer came, but not one of this service: HTML, a redirect, broken gzip, missing fields
└── ProblemError            the service answered with a problem (RFC 9457)
    ├── InvalidRequestError   400, 415, 422: the request is wrong; sending it again would not help
    ├── UnauthorizedError     401
    ├── NotFoundError         404, 405
    ├── TooLargeError         413
    ├── UnavailableError      429, 502, 503: full, draining or not ready, also after the retries
    └── DeadlineError         504: the service gave up

Arguments of a wrong type or value raise TypeError or ValueError before anything is sent. All exceptions can be pickled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """What the service answered instead of a result."""

    status: int
    title: str
    detail: str
    type: str = "about:blank"
    instance: str = ""
    request_id: str = ""
    errors: tuple[tuple[str, str], ...] = ()
    """Wrong fields and why: `("headlines.2003", "String should have at least 1 character")`.

    In a batch the number is the headline's place in what was passed to the client, however it was cut.
    """


class TopicsClientError(Exception):
    """Base of all exceptions of this package."""


class MisuseError(TopicsClientError):
    """The client cannot be used: it is closed, or belongs to another event loop or process."""


class UnreachableError(TopicsClientError):
    """No answer came in time; `__cause__` is the HTTP library's exception."""


class InvalidResponseError(TopicsClientError):
    """Something answered, but not as this service does; `__cause__` says what could not be read."""


class ProblemError(TopicsClientError):
    """The service answered with an error."""

    def __init__(self, problem: Problem) -> None:
        """`problem`: what the service answered."""
        # The only argument, because unpickling calls the class with `args`.
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.problem.title} ({self.problem.status}): {self.problem.detail}"


class InvalidRequestError(ProblemError):
    """The request is wrong; sending it again would not help."""


class UnauthorizedError(ProblemError):
    """The service requires an API key, or does not know the one that was sent."""


class NotFoundError(ProblemError):
    """The URL is not that of this service, or that of an older version."""


class TooLargeError(ProblemError):
    """One text alone is larger than the service accepts."""


class UnavailableError(ProblemError):
    """The service is full, draining, or not ready, and stayed so for all retries."""


class DeadlineError(ProblemError):
    """The service did not finish in time."""


_KINDS = {
    400: InvalidRequestError,
    401: UnauthorizedError,
    404: NotFoundError,
    405: NotFoundError,
    413: TooLargeError,
    415: InvalidRequestError,
    422: InvalidRequestError,
    429: UnavailableError,
    502: UnavailableError,
    503: UnavailableError,
    504: DeadlineError,
}


def problem_error(status: int, body: object, content: bytes) -> ProblemError:
    """The exception for an error status.

    Args:
        status: 400 or above.
        body: the answer's JSON value; None if it has none.
        content: the answer's bytes, quoted where `body` is no problem document.
    """
    fields: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    errors = fields.get("errors")
    problem = Problem(
        status=status,
        title=str(fields.get("title", "The answer is no problem document")),
        detail=str(fields.get("detail", content[:200].decode("utf-8", "replace"))),
        type=str(fields.get("type", "about:blank")),
        instance=str(fields.get("instance", "")),
        request_id=str(fields.get("request_id", "")),
        errors=tuple(
            (str(one.get("field", "")), str(one.get("message", "")))
            for one in (errors if isinstance(errors, list) else ())
            if isinstance(one, Mapping)
        ),
    )
    return _KINDS.get(status, ProblemError)(problem)
