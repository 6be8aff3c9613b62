"""Exceptions of the service; `app/api/problem_kinds.py` maps each to an HTTP status."""

from collections.abc import Mapping
from typing import ClassVar

MAX_QUOTE = 200
"""Maximum number of characters of a caller's value that an error repeats; the value may be megabytes long."""


def quoted(value: str) -> str:
    """A caller's value for an error message: quoted, escaped, and cut after MAX_QUOTE characters."""
    shown = repr(value[:MAX_QUOTE])
    return shown if len(value) <= MAX_QUOTE and len(shown) <= MAX_QUOTE + 2 else shown[:MAX_QUOTE] + "...'"


class ApiError(Exception):
    """An error whose message, one sentence, is sent to the caller."""

    headers: ClassVar[Mapping[str, str] | None] = None
    """Added to the response; `app/api/problems.py` adds Retry-After to every 503."""
    reason: ClassVar[str | None] = None
    """Label `reason` of the metric `topics_rejected_total`; None for invalid requests, which are not counted there."""


class UnauthorizedError(ApiError):
    """The request has no API key, or an unknown one."""

    reason: ClassVar = "unauthorized"
    headers: ClassVar = {"WWW-Authenticate": "Bearer"}


class MalformedRequestError(ApiError):
    """The bytes received are not a valid HTTP/1.1 request."""


class TargetTooLongError(ApiError):
    """The request's path and query have more than 8 KiB."""


class ExpectationError(ApiError):
    """The Expect header has a value other than 100-continue."""


class NotJsonError(ApiError):
    """The body is not JSON."""


class HeaderError(ApiError):
    """A header has an invalid value."""


class CorsError(ApiError):
    """A CORS preflight names an origin, method or header that is not allowed."""


class TensorError(ApiError):
    """A tensor of the Open Inference Protocol is missing, unknown, or inconsistent with its shape or datatype."""


class UnknownModelError(ApiError):
    """The path or the query parameter `model` names a model or version that this service does not serve."""


class MediaTypeError(ApiError):
    """The Content-Type is neither `application/json` nor `+json`, or there is a Content-Encoding."""


class SlowRequestError(ApiError):
    """The request did not arrive in time."""

    reason: ClassVar = "slow_request"
    headers: ClassVar = {"Connection": "close"}


class BodyTooLargeError(ApiError):
    """The body has more bytes than TOPICS_MAX_BODY_BYTES, or its JSON has too many brackets, commas and colons."""

    reason: ClassVar = "body_too_large"
    # The rest of the body is not read, so the next request on this connection could not be found.
    headers: ClassVar = {"Connection": "close"}


class BatchTooLargeError(ApiError):
    """The batch has more headlines than TOPICS_MAX_BATCH, or its answer would have too many topics."""

    reason: ClassVar = "batch_too_large"


class TensorTooLargeError(BatchTooLargeError):
    """The same for the input tensor of the Open Inference Protocol."""


class NotReadyError(ApiError):
    """The model has not loaded yet, or the process is shutting down."""

    reason: ClassVar = "not_ready"


class FileLimitError(ApiError):
    """The process or the machine has reached its limit of open files and connections."""

    reason: ClassVar = "file_limit"


class OverloadedError(ApiError):
    """Too many headlines in flight (TOPICS_MAX_IN_FLIGHT), connections, or bytes of requests; try again."""

    reason: ClassVar = "overloaded"


class DeadlineError(ApiError):
    """The response was not ready within the deadline."""

    reason: ClassVar = "deadline"


class ClientGoneError(ApiError):
    """The client disconnected before its response was ready; no response is sent."""
