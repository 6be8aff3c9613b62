"""What can go wrong, drawn as a tree.

TopicsClientError
├── UnreachableError        no answer came: connection refused or lost, or time ran out
└── ProblemError            the service answered with a problem (RFC 9457)
    ├── InvalidRequestError   400, 415, 422: the request is wrong and stays wrong
    ├── UnauthorizedError     401
    ├── NotFoundError         404, 405
    ├── TooLargeError         413
    ├── UnavailableError      429, 502, 503: full, draining or not ready, also after the retries
    └── DeadlineError         504: the service gave up
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """The service's own words."""

    status: int
    title: str
    detail: str
    type: str = "about:blank"
    instance: str = ""
    request_id: str = ""
    errors: tuple[tuple[str, str], ...] = ()
    """Fields that are wrong, and why: `("headlines.3", "String should have at least 1 character")`."""


class TopicsClientError(Exception):
    """Everything that this package raises."""


class UnreachableError(TopicsClientError):
    """No answer came; the exception of the HTTP library is its cause."""


class ProblemError(TopicsClientError):
    """The service answered, but not with what was asked for."""

    def __init__(self, problem: Problem) -> None:
        """`problem`: what it answered."""
        super().__init__(f"{problem.title} ({problem.status}): {problem.detail}")
        self.problem = problem


class InvalidRequestError(ProblemError):
    """The request is wrong; sending it again would not help."""


class UnauthorizedError(ProblemError):
    """A key is needed, or the one sent opens nothing."""


class NotFoundError(ProblemError):
    """The URL is not the service's, or an older one's."""


class TooLargeError(ProblemError):
    """One text alone is larger than the service takes."""


class UnavailableError(ProblemError):
    """The service is full, draining, or not ready, and was so until the time was up."""


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


def problem_error(status: int, body: object, text: str) -> ProblemError:
    """The exception for an answer that is not 200; `body` is its JSON if it is any, else `text` is quoted."""
    fields: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    problem = Problem(
        status=status,
        title=str(fields.get("title", "The answer is no problem document")),
        detail=str(fields.get("detail", text[:200])),
        type=str(fields.get("type", "about:blank")),
        instance=str(fields.get("instance", "")),
        request_id=str(fields.get("request_id", "")),
        errors=tuple((str(one["field"]), str(one["message"])) for one in fields.get("errors") or ()),
    )
    return _KINDS.get(status, ProblemError)(problem)
