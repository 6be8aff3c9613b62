"""The OpenAPI document: FastAPI's own, plus what it cannot know of."""

from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.routing import Match

from app.api.problems import Problem

KEYS: dict[str, Any] = {
    "Bearer": {"type": "http", "scheme": "bearer"},
    "X-API-Key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
"""Either will do."""


def describe(app: FastAPI, public: APIRouter, keyed: bool) -> None:
    """Add to the app's document the schema of the errors, which routes refer to but none returns, and the keys.

    `keyed`: whether all but the `public` routes need a key; /docs then has a button for it.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            if keyed:
                document["components"]["securitySchemes"] = KEYS
                for path, operations in document["paths"].items():
                    for method, operation in operations.items():
                        if not _matches(public, method, path):
                            operation["security"] = [{name: []} for name in KEYS]
            schemas = document["components"]["schemas"]
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= problem.pop("$defs")
            schemas["Problem"] = problem
            for unused in ("HTTPValidationError", "ValidationError"):  # FastAPI's shape of errors, which we never send
                schemas.pop(unused, None)
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents


def _matches(router: APIRouter, method: str, path: str) -> bool:
    scope = {"type": "http", "method": method.upper(), "path": path}
    return any(route.matches(scope)[0] is Match.FULL for route in router.routes)
