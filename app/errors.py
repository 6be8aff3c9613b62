"""What can go wrong between the socket and the core.

ApiError
├── UnauthorizedError    no key, or not one of ours
├── MalformedRequestError  bytes that are not HTTP
├── ExpectationError     an Expect header that asks for something unknown
├── NotJsonError         the body is not JSON
├── HeaderError          a header whose value cannot be
├── CorsError            a preflight for an origin or a method that is not allowed
├── TensorError          a tensor that does not add up
├── UnknownModelError    a model that this service does not have
├── MediaTypeError       the body is said to be something else, or is compressed
├── SlowRequestError     the body did not arrive in time
├── BodyTooLargeError    more bytes than the service takes
├── BatchTooLargeError   more headlines than the service takes at once
├── OverloadedError      more headlines in flight than the process may hold
├── DeadlineError        the answer was not ready in time
├── ClientGoneError      nobody waits for the answer any more
├── FileLimitError       the process has no file descriptor left
└── NotReadyError        the model has not loaded, or the process is going away
"""

from collections.abc import Mapping
from typing import ClassVar

LONGEST_QUOTE = 200
"""Characters of a caller's value that an error repeats: a wrong value of megabytes must not come back whole."""


def quoted(value: str) -> str:
    """A caller's value as an error message shows it: in quotes, escaped, and cut after LONGEST_QUOTE characters."""
    shown = repr(value[:LONGEST_QUOTE])
    return shown if len(value) <= LONGEST_QUOTE and len(shown) <= LONGEST_QUOTE + 2 else shown[:LONGEST_QUOTE] + "...'"


class ApiError(Exception):
    """One sentence for the caller; `headers` go into the answer."""

    headers: ClassVar[Mapping[str, str] | None] = None
    reason: ClassVar[str | None] = None
    """Under which `topics_rejected_total` counts it; None: the request is wrong, not refused."""


class UnauthorizedError(ApiError):
    """No key came with the request, or one that does not open anything."""

    reason: ClassVar = "unauthorized"
    headers: ClassVar = {"WWW-Authenticate": "Bearer"}


class MalformedRequestError(ApiError):
    """What came is not an HTTP request."""


class ExpectationError(ApiError):
    """The Expect header asks for something other than 100-continue."""


class NotJsonError(ApiError):
    """The body is not JSON."""


class HeaderError(ApiError):
    """A header has a value that cannot be."""


class CorsError(ApiError):
    """A browser asks for a page whose origin, method or header is not allowed."""


class TensorError(ApiError):
    """A tensor of the Open Inference Protocol that the model does not have, or that does not add up."""


class UnknownModelError(ApiError):
    """A path names a model, or a version of it, that this service does not have."""


class MediaTypeError(ApiError):
    """The body is not `application/json`, or has a Content-Encoding."""


class SlowRequestError(ApiError):
    """The request did not arrive in time."""

    reason: ClassVar = "slow_request"
    headers: ClassVar = {"Connection": "close"}


class BodyTooLargeError(ApiError):
    """The body has more bytes than TOPICS_MAX_BODY_BYTES."""

    reason: ClassVar = "body_too_large"
    # What was not read cannot be told from a next request.
    headers: ClassVar = {"Connection": "close"}


class BatchTooLargeError(ApiError):
    """The batch has more headlines than TOPICS_MAX_BATCH."""

    reason: ClassVar = "batch_too_large"


class NotReadyError(ApiError):
    """There is nobody to answer yet, or no longer."""

    reason: ClassVar = "not_ready"
    headers: ClassVar = {"Retry-After": "1"}


class FileLimitError(ApiError):
    """The process, or the machine, has as many files and connections open as it may."""

    reason: ClassVar = "file_limit"
    headers: ClassVar = {"Retry-After": "1"}


class OverloadedError(ApiError):
    """There is no room for the request's headlines; nothing of it was done."""

    reason: ClassVar = "overloaded"
    headers: ClassVar = {"Retry-After": "1"}


class DeadlineError(ApiError):
    """The answer was not ready within the deadline."""

    reason: ClassVar = "deadline"


class ClientGoneError(ApiError):
    """The client closed the connection before its answer was ready; there is nobody to tell."""
