"""Every error the API answers with, as RFC 9457 `application/problem+json`, in one table.

The table is the only place that knows statuses; OpenAPI's error responses are derived from it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

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
    TensorError,
    UnauthorizedError,
    UnknownModelError,
)
from app.telemetry.request_context import context_of

MEDIA_TYPE = "application/problem+json"

LONGEST_DETAIL = 2000
"""Characters. Every value in it is short already (`errors.quoted`); this holds where one was forgotten."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table."""

    status: int
    title: str


TABLE: Mapping[type[Exception], Kind] = {
    MalformedRequestError: Kind(400, "The request is not HTTP"),
    CorsError: Kind(400, "The cross-origin request is not allowed"),
    UnauthorizedError: Kind(401, "A key is needed"),
    NotJsonError: Kind(400, "The body is not JSON"),
    UnknownModelError: Kind(404, "There is no such model"),
    SlowRequestError: Kind(408, "The request took too long to arrive"),
    BodyTooLargeError: Kind(413, "The body is too large"),
    BatchTooLargeError: Kind(413, "The batch is too large"),
    MediaTypeError: Kind(415, "The body's media type is not supported"),
    ExpectationError: Kind(417, "The expectation cannot be met"),
    ValidationError: Kind(422, "The request has wrong values"),
    RequestValidationError: Kind(422, "The request has wrong values"),
    HeaderError: Kind(422, "The request has wrong values"),
    TensorError: Kind(422, "The request has wrong values"),
    UnknownTopicError: Kind(422, "The request has wrong values"),
    TextTooLongError: Kind(422, "The request has wrong values"),
    NotReadyError: Kind(503, "The service is not ready"),
    BundleError: Kind(503, "The service is not ready"),
    FileLimitError: Kind(503, "The service is full"),
    OverloadedError: Kind(503, "The service is full"),
    DeadlineError: Kind(504, "The answer took too long"),
}
_UNEXPECTED = Kind(500, "The service made a mistake")


class FieldError(BaseModel):
    """One wrong value of a request."""

    field: str = Field(examples=["body.top_k"])
    message: str = Field(examples=["Input should be less than or equal to 46"])


class Problem(BaseModel):
    """RFC 9457."""

    type: str = Field(default="about:blank", description="A URI that names the kind of problem.")
    title: str = Field(examples=["The request has wrong values"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["top_k: Input should be less than or equal to 46."])
    instance: str = Field(examples=["/predict"])
    request_id: str = Field(examples=["0d5f6ac14f2b4a6f8a2f0c7f5c3a9e1b"])
    errors: list[FieldError] | None = None
    error: Annotated[
        str | None,
        Field(description="`detail` once more, on /v2 paths, where the Open Inference Protocol looks for it."),
    ] = None


def problem(error: Exception, path: str, request_id: str, route_path: str | None = None) -> Response:
    """The answer to an error. What is not in the table is a 500 that says nothing of its cause.

    `path` is the request's whole path, `route_path` what routes see of it: the same unless there is a path prefix.
    """
    route_path = path if route_path is None else route_path
    if isinstance(error, HTTPException):  # the router's own: 404, 405
        status = HTTPStatus(error.status_code)
        kind, detail = Kind(status, status.phrase), _router_detail(status, path)
        headers: Mapping[str, str] | None = _router_headers(error)
    else:
        kind = next((TABLE[cls] for cls in type(error).__mro__ if cls in TABLE), _UNEXPECTED)
        detail = "It has been logged under this request's ID." if kind is _UNEXPECTED else str(error)
        headers = error.headers if isinstance(error, ApiError) else None
        if kind.status == 503:
            headers = {"Retry-After": "1"}  # a BundleError knows no HTTP
    fields = field_errors(error) if isinstance(error, ValidationError | RequestValidationError) else None
    if fields:
        detail = "; ".join(f"{one.field}: {one.message}" for one in fields[:3]) + "."
    body = Problem(
        title=kind.title,
        status=kind.status,
        detail=detail if len(detail) <= LONGEST_DETAIL else detail[:LONGEST_DETAIL] + "...",
        instance=_cut(path),
        request_id=request_id,
        errors=fields,
        error=detail[:LONGEST_DETAIL] if route_path == "/v2" or route_path.startswith("/v2/") else None,
    )
    return Response(body.model_dump_json(exclude_none=True), kind.status, headers, MEDIA_TYPE)


async def respond(request: Request, error: Exception) -> Response:
    """Starlette's exception handler form of `problem`."""
    scope = request.scope
    return problem(error, scope["path"], context_of(scope).request_id, get_route_path(scope))


def field_errors(error: ValidationError | RequestValidationError) -> list[FieldError]:
    """Where and why, never the value: a headline does not come back in an error."""
    raw: Sequence[Any] = (
        error.errors(include_url=False, include_input=False, include_context=False)
        if isinstance(error, ValidationError)
        else error.errors()
    )
    return [FieldError(field=_cut(".".join(map(str, one["loc"]))), message=_cut(one["msg"])) for one in raw[:100]]


def responses(*errors: type[Exception]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's `responses` for the errors that a route may answer with, out of the table."""
    titles: dict[int, set[str]] = {}
    for error in errors:
        titles.setdefault(TABLE[error].status, set()).add(TABLE[error].title)
    return {
        status: {
            "description": "; ".join(sorted(names)),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, names in sorted(titles.items())
    }


def _cut(text: str) -> str:
    """A path, a field's name: callers choose these, too, and they may be megabytes."""
    return text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "..."


def _router_headers(error: HTTPException) -> Mapping[str, str]:
    """Its own, and in Allow the HEAD that `app.api.middleware.request` makes of every GET."""
    headers = dict(error.headers or {})
    if "Allow" in headers:
        methods = set(headers["Allow"].split(", "))
        headers["Allow"] = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
    return headers


def _router_detail(status: HTTPStatus, path: str) -> str:
    if status == HTTPStatus.NOT_FOUND:
        hint = "leave out the slash at its end; " if path.endswith("/") and path != "/" else ""
        return f"There is nothing at {_cut(path)}; {hint}/docs lists what there is."
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"{_cut(path)} does not answer this method; the Allow header names those it does."
    return status.description or status.phrase
