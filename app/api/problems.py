"""Problem responses (RFC 9457, `application/problem+json`) for exceptions, and their documentation in OpenAPI."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from pydantic.json_schema import SkipJsonSchema
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.api.field_errors import FieldError, cut, field_errors
from app.api.problem_kinds import ROUTER, TABLE, UNEXPECTED, Kind
from app.errors import ApiError, quoted

MEDIA_TYPE = "application/problem+json"

MAX_DETAIL = 2000
"""Maximum length of `detail` in characters. Quoted values are already cut by `errors.quoted`; this covers the rest."""


class Problem(BaseModel):
    """An error, as RFC 9457 problem details."""

    type: str = Field(
        description="URI that identifies the kind of problem and never changes; docs/errors.md lists all.",
        examples=[TABLE[ValidationError].type],
    )
    title: str = Field(description="The kind of problem in words.", examples=["Request validation failed"])
    status: int = Field(description="HTTP status.", examples=[422])
    detail: str = Field(description="What is wrong and what to do.", examples=["top_k: must be at least 1."])
    instance: str = Field(
        description="Path of the request; empty if the request was refused before its path was read.",
        examples=["/predict"],
    )
    request_id: str = Field(
        description="X-Request-ID of the request, also in the log.", examples=["0d5f6ac14f2b4a6f8a2f0c7f5c3a9e1b"]
    )
    errors: list[FieldError] | SkipJsonSchema[None] = Field(
        default=None, description="The invalid fields; omitted if there are none."
    )
    error: str | SkipJsonSchema[None] = Field(
        default=None, description="Same as `detail`; only on /v2 paths, where the Open Inference Protocol requires it."
    )


def problem(
    error: Exception, path: str, request_id: str, route_path: str | None = None, *, extra_slash: bool = False
) -> Response:
    """The problem response for an exception. One that is not in the table is a 500 without its cause.

    `path`: full path of the request; `route_path`: the path without a prefix (root path), if it differs.
    `extra_slash`: without its trailing slash, the path would be that of an endpoint.
    """
    route_path = path if route_path is None else route_path
    if isinstance(error, HTTPException):  # raised by the router, or on the metrics port: 404, 405
        status = HTTPStatus(error.status_code)
        kind = ROUTER.get(status, Kind(status, "", status.phrase, ""))
        allowed = _router_headers(error)
        headers: Mapping[str, str] | None = allowed
        own = error.detail if error.detail != status.phrase else ""
        detail = own or _router_detail(status, path, allowed.get("Allow", ""), extra_slash)
    else:
        kind = next((TABLE[cls] for cls in type(error).__mro__ if cls in TABLE), UNEXPECTED)
        detail = UNEXPECTED.example if kind is UNEXPECTED else str(error)
        headers = error.headers if isinstance(error, ApiError) else None
        if kind.status == 503:
            headers = {"Retry-After": "1"}
    fields = _fields(error, kind)
    if fields:
        detail = "; ".join(f"{field.field}: {field.message}" for field in fields[:3])
        detail += "" if detail.endswith("?") else "."
    if len(detail) > MAX_DETAIL:
        detail = detail[:MAX_DETAIL] + "..."
    body = Problem(
        type=kind.type,
        title=kind.title,
        status=kind.status,
        detail=detail,
        instance=quote(cut(path), safe="/:@!$&'()*+,;=", errors="replace"),
        request_id=request_id,
        errors=fields or None,
        error=detail if route_path == "/v2" or route_path.startswith("/v2/") else None,
    )
    return Response(body.model_dump_json(exclude_none=True), kind.status, headers, MEDIA_TYPE)


def _fields(error: Exception, kind: Kind) -> list[FieldError]:
    if isinstance(error, ValidationError | RequestValidationError):
        return field_errors(error)
    return [FieldError(field=kind.field, message=str(error).removesuffix("."))] if kind.field else []


def responses(*errors: type[Exception]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI `responses` for the exceptions a route may raise, and 500: status, title and an example for each."""
    rows: dict[int, dict[str, Kind]] = {UNEXPECTED.status: {"Unexpected": UNEXPECTED}}
    for error in errors:
        rows.setdefault(TABLE[error].status, {})[error.__name__.removesuffix("Error")] = TABLE[error]
    return {
        status: {
            "description": "; ".join(sorted({kind.title for kind in kinds.values()})),
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {name: example(kind) for name, kind in kinds.items()},
                }
            },
        }
        for status, kinds in sorted(rows.items())
    }


def example(kind: Kind) -> dict[str, Any]:
    """One of OpenAPI's examples; `app.api.openapi` inserts the path of the operation."""
    message = kind.example
    shown = Problem(
        type=kind.type,
        title=kind.title,
        status=kind.status,
        detail=f"{kind.field}: {message}" if kind.field else message,
        instance="",
        request_id="0d5f6ac14f2b4a6f8a2f0c7f5c3a9e1b",
        errors=[FieldError(field=kind.field, message=message.removesuffix("."))] if kind.field else None,
    )
    return {"summary": kind.title, "value": shown.model_dump(exclude_none=True)}


def _router_headers(error: HTTPException) -> dict[str, str]:
    """The router's headers; Allow also gets HEAD, which `app.api.middleware.request` handles as GET."""
    headers = dict(error.headers or {})
    if "Allow" in headers:
        methods = set(headers["Allow"].split(", "))
        headers["Allow"] = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
    return headers


def _router_detail(status: HTTPStatus, path: str, allowed: str, extra_slash: bool) -> str:
    if status == HTTPStatus.NOT_FOUND:
        hint = "remove the trailing slash; " if extra_slash else ""
        return f"There is no endpoint at {quoted(path)}; {hint}/docs lists all endpoints."
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"{quoted(path)} does not support this method{f', only {allowed}' if allowed else ''}."
    return status.description or status.phrase
