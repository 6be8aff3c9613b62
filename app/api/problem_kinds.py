"""Problem kinds: one table maps every exception to the type, title and HTTP status of its problem (RFC 9457)."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from app.classifier import BundleError, TextTooLongError, UnknownTopicError
from app.errors import (
    BatchTooLargeError,
    BodyTooLargeError,
    CorsError,
    DeadlineError,
    ExpectationError,
    FileLimitError,
    HeaderError,
    MalformedRequestError,
    MediaTypeError,
    NotJsonError,
    NotReadyError,
    OverloadedError,
    SlowRequestError,
    TargetTooLongError,
    TensorError,
    TensorTooLargeError,
    UnauthorizedError,
    UnknownModelError,
)

PREFIX = "urn:topics:problem:"
"""Of each type. Clients compare types: never change one. docs/decisions/0023 says why it is a URN."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: a row of docs/errors.md. Several exceptions may be of one kind, with an example each."""

    status: int
    name: str
    """Last part of the type; empty for a status without a kind of its own, whose type is `about:blank`."""
    title: str
    example: str
    """A `detail`, for the OpenAPI document."""
    field: str = ""
    """The field of the body that is wrong; empty if that depends on the error, or no field is."""

    @property
    def type(self) -> str:
        """The URI that identifies the kind."""
        return PREFIX + self.name if self.name else "about:blank"


def _invalid(example: str, field: str = "") -> Kind:
    return Kind(422, "validation-failed", "Request validation failed", example, field)


def _not_ready(example: str) -> Kind:
    return Kind(503, "not-ready", "Service not ready", example)


def _overloaded(example: str) -> Kind:
    return Kind(503, "overloaded", "Service overloaded", example)


TABLE: Mapping[type[Exception], Kind] = {
    MalformedRequestError: Kind(
        400,
        "malformed-request",
        "Malformed HTTP request",
        "The path contains a control character; no path of this service does.",
    ),
    CorsError: Kind(
        400,
        "cross-origin-not-allowed",
        "Cross-origin request not allowed",
        "CORS does not allow this request because of its origin.",
    ),
    NotJsonError: Kind(
        400, "not-json", "Request body is not JSON", "The body is not JSON: expected value at line 1 column 1."
    ),
    UnauthorizedError: Kind(
        401,
        "api-key-required",
        "Valid API key required",
        "No API key; send one as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'.",
    ),
    UnknownModelError: Kind(
        404, "model-not-found", "Model not found", "There is no model 'news' here; this service has headlines/7."
    ),
    SlowRequestError: Kind(
        408,
        "request-timeout",
        "Request timeout",
        "The request did not arrive within 10 seconds; send a smaller one, or use a faster connection.",
    ),
    BodyTooLargeError: Kind(
        413, "body-too-large", "Request body too large", "The body has more than 8,388,608 bytes; send it in parts."
    ),
    BatchTooLargeError: Kind(
        413,
        "batch-too-large",
        "Batch too large",
        "must have at most 1,000 texts, but has 1,200; send them in parts.",
        field="headlines",
    ),
    TensorTooLargeError: Kind(
        413,
        "batch-too-large",
        "Batch too large",
        "must have at most 1,000 texts, but has 1,200; send them in parts.",
        field="inputs.0.shape",
    ),
    TargetTooLongError: Kind(
        414, "uri-too-long", "URI too long", "The path and query have more than 8,192 bytes; shorten them."
    ),
    MediaTypeError: Kind(
        415,
        "unsupported-media-type",
        "Unsupported media type",
        "The Content-Type is 'text/plain'; send application/json.",
    ),
    ExpectationError: Kind(
        417,
        "expectation-failed",
        "Expectation failed",
        "The Expect header has a value other than 100-continue; omit it.",
    ),
    ValidationError: _invalid("must be at least 1.", field="top_k"),
    RequestValidationError: _invalid("unknown query parameter; the only one is model.", field="query.top_k"),
    HeaderError: _invalid("X-Request-Timeout must be a positive number of seconds, but it is 'soon'."),
    TensorError: _invalid("The model takes one input, 'headline', but the request has: none."),
    UnknownTopicError: _invalid("'sport' is not a topic of this model; GET /topics lists its topics.", "explain_topic"),
    TextTooLongError: _invalid(
        "An explanation covers 200 words at most, but this text has 900; shorten it.", "headline"
    ),
    NotReadyError: _not_ready("This process is shutting down; send the request to another one."),
    BundleError: _not_ready("The model no longer reproduces its golden headlines."),
    FileLimitError: _overloaded(
        "No file can be opened because the limit of open files is reached; try again in a second."
    ),
    OverloadedError: _overloaded(
        "This request would bring the headlines in flight above 10,000, where long texts and explanations count several"
        " times; try again in a second."
    ),
    DeadlineError: Kind(
        504,
        "deadline-exceeded",
        "Deadline exceeded",
        "The answer was not ready within 10 seconds; send less text, or allow more time.",
    ),
}

UNEXPECTED = Kind(500, "internal-error", "Internal server error", "The error has been logged under this request_id.")
"""Any exception that is not in the table."""

ROUTER: Mapping[int, Kind] = {
    404: Kind(404, "not-found", "Not Found", "There is no endpoint at '/predictions'; /docs lists all endpoints."),
    405: Kind(
        405,
        "method-not-allowed",
        "Method Not Allowed",
        "'/predict' does not support this method, only POST.",
    ),
}
"""Errors that the router raises, by status."""

KINDS: tuple[Kind, ...] = (*TABLE.values(), UNEXPECTED, *ROUTER.values())
