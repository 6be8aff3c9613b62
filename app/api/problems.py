"""One table maps every exception to an RFC 9457 problem (`application/problem+json`) with its HTTP status.

The error responses of the OpenAPI document, with their examples, are derived from the table.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette._utils import get_route_path
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.classifier import BundleError, TextTooLongError, UnknownTopicError
from app.errors import (
    LONGEST_QUOTE,
    ApiError,
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
    UnauthorizedError,
    UnknownModelError,
    quoted,
)
from app.telemetry.request_context import context_of
from app.web.problem_page import for_browsers

MEDIA_TYPE = "application/problem+json"

LONGEST_DETAIL = 2000
"""Maximum length of `detail` in characters. Quoted values are already cut by `errors.quoted`; this covers the rest."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table."""

    status: int
    title: str
    example: str = ""
    """A `detail`, for the OpenAPI document."""


_INVALID = "Request validation failed"
_NOT_READY = "Service not ready"
_OVERLOADED = "Service overloaded"

TABLE: Mapping[type[Exception], Kind] = {
    MalformedRequestError: Kind(
        400, "Malformed HTTP request", "The path contains a control character; no path of this service does."
    ),
    CorsError: Kind(400, "Cross-origin request not allowed", "CORS does not allow this request because of its origin."),
    NotJsonError: Kind(400, "Request body is not JSON", "The body is not JSON: expected value at line 1 column 1."),
    UnauthorizedError: Kind(
        401, "Valid API key required", "No API key; send one as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'."
    ),
    UnknownModelError: Kind(404, "Model not found", "There is no model 'news' here; this service has headlines/2."),
    SlowRequestError: Kind(408, "Request timeout", "The request did not arrive within 10 seconds."),
    BodyTooLargeError: Kind(413, "Request body too large", "The body has more than 8,388,608 bytes; send it in parts."),
    BatchTooLargeError: Kind(413, "Batch too large", "The batch has 1,200 headlines (limit 1,000); send it in parts."),
    TargetTooLongError: Kind(414, "URI too long", "The path and query have more than 8,192 bytes; shorten them."),
    MediaTypeError: Kind(415, "Unsupported media type", "The Content-Type is 'text/plain'; send application/json."),
    ExpectationError: Kind(
        417, "Expectation failed", "The Expect header has a value other than 100-continue; omit it."
    ),
    ValidationError: Kind(422, _INVALID, "top_k: Input should be greater than or equal to 1."),
    RequestValidationError: Kind(422, _INVALID, "query.n: Input should be an integer."),
    HeaderError: Kind(422, _INVALID, "X-Request-Timeout must be a positive number of seconds, but it is 'soon'."),
    TensorError: Kind(422, _INVALID, "The model takes one input, 'headline', but the request has: none."),
    UnknownTopicError: Kind(422, _INVALID, "'weather' is not a topic of this model; GET /topics lists them."),
    TextTooLongError: Kind(422, _INVALID, "An explanation covers 200 words at most, and this text has 900."),
    NotReadyError: Kind(503, _NOT_READY, "The model has not loaded yet; try again in a second."),
    BundleError: Kind(503, _NOT_READY, "The model no longer reproduces its golden headlines."),
    FileLimitError: Kind(
        503, _OVERLOADED, "No file can be opened because the limit of open files is reached; try again in a second."
    ),
    OverloadedError: Kind(503, _OVERLOADED, "10,000 headlines are in flight (limit 10,000); try again in a second."),
    DeadlineError: Kind(504, "Deadline exceeded", "The answer was not ready within 10 seconds."),
}
_LENGTH = re.compile(r"String should have (at most|at least) (\d+) (characters?)")
_UNEXPECTED = Kind(500, "Internal server error")


class FieldError(BaseModel):
    """One invalid field of a request."""

    field: str = Field(examples=["body.top_k"])
    message: str = Field(examples=["Input should be greater than or equal to 1"])


class Problem(BaseModel):
    """An error, as RFC 9457 problem details."""

    type: str = Field(
        default="about:blank", description="Always `about:blank`: `title` and `status` identify the kind of problem."
    )
    title: str = Field(description="Kind of problem; docs/errors.md lists all.", examples=["Request validation failed"])
    status: int = Field(description="HTTP status.", examples=[422])
    detail: str = Field(
        description="What is wrong and what to do.", examples=["top_k: Input should be greater than or equal to 1."]
    )
    instance: str = Field(description="Path of the request.", examples=["/predict"])
    request_id: str = Field(
        description="X-Request-ID of the request, also in the log.", examples=["0d5f6ac14f2b4a6f8a2f0c7f5c3a9e1b"]
    )
    errors: list[FieldError] | None = Field(default=None, description="The invalid fields, if any.")
    error: Annotated[
        str | None,
        Field(description="Same as `detail`; only on /v2 paths, where the Open Inference Protocol requires it."),
    ] = None


def problem(error: Exception, path: str, request_id: str, route_path: str | None = None) -> Response:
    """The problem response for an exception. One that is not in the table is a 500 without its cause.

    `path`: full path of the request; `route_path`: the path without a prefix (root path), if it differs.
    """
    route_path = path if route_path is None else route_path
    if isinstance(error, HTTPException):  # raised by the router: 404, 405
        status = HTTPStatus(error.status_code)
        kind, detail = Kind(status, status.phrase), _router_detail(status, path)
        headers: Mapping[str, str] | None = _router_headers(error)
    else:
        kind = next((TABLE[cls] for cls in type(error).__mro__ if cls in TABLE), _UNEXPECTED)
        detail = "The error has been logged under this request_id." if kind is _UNEXPECTED else str(error)
        headers = error.headers if isinstance(error, ApiError) else None
        if kind.status == 503:
            headers = {"Retry-After": "1"}  # a BundleError comes from the classifier, which has no HTTP headers
    fields = field_errors(error) if isinstance(error, ValidationError | RequestValidationError) else None
    if fields:
        detail = "; ".join(f"{one.field}: {one.message}" for one in fields[:3]) + "."
    body = Problem(
        title=kind.title,
        status=kind.status,
        detail=detail if len(detail) <= LONGEST_DETAIL else detail[:LONGEST_DETAIL] + "...",
        instance=quote(_cut(path), safe="/:@!$&'()*+,;=", errors="replace"),
        request_id=request_id,
        errors=fields,
        error=detail[:LONGEST_DETAIL] if route_path == "/v2" or route_path.startswith("/v2/") else None,
    )
    return Response(body.model_dump_json(exclude_none=True), kind.status, headers, MEDIA_TYPE)


async def respond(request: Request, error: Exception) -> Response:
    """`problem` as a Starlette exception handler; browsers get a page."""
    scope = request.scope
    answer = problem(error, scope["path"], context_of(scope).request_id, get_route_path(scope))
    return for_browsers(answer, scope)


def field_errors(error: ValidationError | RequestValidationError) -> list[FieldError]:
    """Field and message of each error, at most 100, without the values: errors never repeat a headline."""
    raw: Sequence[Any] = (
        error.errors(include_url=False, include_input=False, include_context=False)
        if isinstance(error, ValidationError)
        else error.errors()
    )
    return [
        FieldError(field=_cut(".".join(map(str, one["loc"]))), message=_cut(_message(one["msg"]))) for one in raw[:100]
    ]


def _message(pydantics: str) -> str:
    """Pydantic's message; what it says about the length of a string, in the words of this API."""
    length = _LENGTH.fullmatch(pydantics)
    return pydantics if length is None else f"Text must have {length[1]} {int(length[2]):,} {length[3]}"


def responses(*errors: type[Exception]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI `responses` for the exceptions a route may raise: status, title and an example for each exception."""
    rows: dict[int, dict[str, Kind]] = {}
    for error in errors:
        rows.setdefault(TABLE[error].status, {})[error.__name__.removesuffix("Error")] = TABLE[error]
    return {
        status: {
            "description": "; ".join(sorted({kind.title for kind in kinds.values()})),
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {name: _example(kind) for name, kind in kinds.items()},
                }
            },
        }
        for status, kinds in sorted(rows.items())
    }


def _example(kind: Kind) -> dict[str, Any]:
    example = Problem(
        title=kind.title,
        status=kind.status,
        detail=kind.example,
        instance="",  # `app.api.openapi` inserts the path of the operation
        request_id="0d5f6ac14f2b4a6f8a2f0c7f5c3a9e1b",
    )
    return {"summary": kind.title, "value": example.model_dump(exclude_none=True)}


def _cut(text: str) -> str:
    """Limit a path or field name: callers choose these, and they may be megabytes long."""
    return text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "..."


def _router_headers(error: HTTPException) -> Mapping[str, str]:
    """The router's headers; Allow also gets HEAD, which `app.api.middleware.request` handles as GET."""
    headers = dict(error.headers or {})
    if "Allow" in headers:
        methods = set(headers["Allow"].split(", "))
        headers["Allow"] = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
    return headers


def _router_detail(status: HTTPStatus, path: str) -> str:
    if status == HTTPStatus.NOT_FOUND:
        hint = "remove the trailing slash; " if path.endswith("/") and path != "/" else ""
        return f"There is no endpoint at {quoted(path)}; {hint}/docs lists all endpoints."
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"{quoted(path)} does not support this method; the Allow header lists the supported ones."
    return status.description or status.phrase
