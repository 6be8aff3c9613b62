"""The OpenAPI document: FastAPI's own, plus what it cannot know of."""

from typing import Any

from fastapi import FastAPI

from app.api.problems import Problem


def describe(app: FastAPI) -> None:
    """Add the schema of the errors, which routes refer to but none returns, to the app's document."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schemas = generate()["components"]["schemas"]
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= problem.pop("$defs")
            schemas["Problem"] = problem
            for unused in ("HTTPValidationError", "ValidationError"):  # FastAPI's shape of errors, which we never send
                schemas.pop(unused, None)
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents
