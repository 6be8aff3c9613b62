"""Exceptions of this package.

TopicsClientError
├── MisuseError             the client is closed, or belongs to another event loop or process
├── UnreachableError        no answer arrived: no connection, the connection was lost, or time ran out
├── InvalidResponseError    the answer is not this service's: HTML, a redirect, broken gzip, missing fields
└── ProblemError            the service answered with a problem (RFC 9457)
    ├── InvalidRequestError   400, 415, 422: the request is wrong; sending it again would not help
    ├── UnauthorizedError     401
    ├── NotFoundError         404, 405
    ├── TooLargeError         413
    ├── UnavailableError      429, 502, 503: full, draining or not ready, also after the retries
    └── DeadlineError         408, 504: the request did not arrive, or the service did not finish, in time

Arguments of a wrong type or value raise TypeError or ValueError before anything is sent. All exceptions can be pickled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """An error response of the service, in the fields of RFC 9457."""

    status: int
    title: str
    detail: str
    type: str = "about:blank"
    instance: str = ""
    request_id: str = ""
    errors: tuple[tuple[str, str], ...] = ()
    """Invalid fields with the reason: `("headlines.2003", "must not be empty")`.

    In a batch the number is the headline's index in what was passed to the client, even if several requests were sent.
    """


MAX_MESSAGE = 1_000
"""Maximum number of characters of an exception as text; `ProblemError.problem` has all."""


class TopicsClientError(Exception):
    """Base of all exceptions of this package.

    As text, without line breaks and control characters: it may quote an answer, and a terminal would interpret it.
    """

    def __str__(self) -> str:
        return _one_line(super().__str__())


class MisuseError(TopicsClientError):
    """The client is closed, or belongs to another event loop or process."""


class UnreachableError(TopicsClientError):
    """No answer arrived in time; `__cause__` is httpx2's exception."""


class InvalidResponseError(TopicsClientError):
    """An answer arrived that this service cannot have sent; `__cause__` is the error in reading it."""


class ProblemError(TopicsClientError):
    """The service answered with an error."""

    def __init__(self, problem: Problem) -> None:
        """Wrap the service's error response."""
        # The only argument, because unpickling calls the class with `args`.
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return _one_line(f"{self.problem.title} ({self.problem.status}): {self.problem.detail}")


class InvalidRequestError(ProblemError):
    """The request is wrong; sending it again would not help."""


class UnauthorizedError(ProblemError):
    """The service requires an API key, or the one that was sent is not valid."""


class NotFoundError(ProblemError):
    """The service does not have the model, the URL is not this service's, or the service is older than the client."""


class TooLargeError(ProblemError):
    """One text alone is larger than the service accepts."""


class UnavailableError(ProblemError):
    """The service was full, draining or not ready during all retries."""


class DeadlineError(ProblemError):
    """The request did not arrive, or the service did not finish, in time."""


def _one_line(text: str) -> str:
    if len(text) > MAX_MESSAGE:
        text = text[: MAX_MESSAGE - 3] + "..."
    return text if text.isprintable() else "".join([one if one.isprintable() else " " for one in text])


_KINDS = {
    400: InvalidRequestError,
    401: UnauthorizedError,
    404: NotFoundError,
    405: NotFoundError,
    408: DeadlineError,
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
        body: the response's JSON value; None if it has none.
        content: the response's bytes, quoted if `body` is not a problem document.
    """
    fields: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    errors = fields.get("errors")
    problem = Problem(
        status=status,
        title=str(fields.get("title", "The answer is not a problem document")),
        detail=str(fields.get("detail", content[:200].decode("utf-8", "replace"))),
        type=str(fields.get("type", "about:blank")),
        instance=str(fields.get("instance", "")),
        request_id=str(fields.get("request_id", "")),
        errors=tuple(
            (str(error.get("field", "")), str(error.get("message", "")))
            for error in (errors if isinstance(errors, list) else ())
            if isinstance(error, Mapping)
        ),
    )
    return _KINDS.get(status, ProblemError)(problem)
