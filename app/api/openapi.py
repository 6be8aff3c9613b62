"""The OpenAPI document: FastAPI's own, plus the Problem schema, error examples, tags and security schemes."""

import json
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.encoders import jsonable_encoder
from starlette.routing import Match

from app.api.headers import RESPONSE_HEADERS, header_names
from app.api.problem_kinds import KINDS
from app.api.problems import MEDIA_TYPE, Problem, example
from app.api.routes.examples import examples
from app.api.schemas import DEFAULT_TOP_K, limited_batch_request, limited_predict_request
from app.api.serialization import ResponseSerializer
from app.serving.service import Service

LICENSE = {"name": "Apache License 2.0", "identifier": "Apache-2.0"}

DESCRIPTION = (
    "Every error is a problem document (RFC 9457) whose `type` identifies its kind. Every response has an"
    " `X-Request-ID`, which is also in the log; a request may send its own."
)

TAGS = [
    {"name": "prediction", "description": "Classify headlines."},
    {"name": "model", "description": "Describe the loaded model."},
    {"name": "operations", "description": "Health probes and metrics."},
    {"name": "open-inference", "description": "Open Inference Protocol (V2), for KServe, Triton and MLServer clients."},
]

SERVERS = [{"url": ".", "description": "The service that sent this document"}]
"""Relative to the URL of the document, so that /docs also works behind a proxy that adds a path prefix."""

SECURITY_SCHEMES: dict[str, Any] = {
    "Bearer": {"type": "http", "scheme": "bearer"},
    "X-API-Key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
"""Alternatives: a request needs one of them."""


def extend_openapi(app: FastAPI, public: APIRouter, service: Service, keyed: bool) -> None:
    """Extend the document that `app.openapi()` generates; the limits and examples are those of the loaded models.

    `keyed`: whether all routes but those of `public` require an API key; /docs then has an "Authorize" button.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            document["info"]["description"] = DESCRIPTION
            if service.models:
                _describe_models(document, service)
            else:
                app.openapi_schema = None  # generate it again when the models have loaded
            document["security"] = []  # explicit for linters: only the operations below that name it need a key
            if keyed:
                document["components"]["securitySchemes"] = SECURITY_SCHEMES
            for method, path, operation in _operations(document):
                if keyed and not _matches(public, method, path):
                    operation["security"] = [{name: []} for name in SECURITY_SCHEMES]
                _complete_examples(operation, path)
                for status, response in operation["responses"].items():
                    names = header_names(method, path, status)
                    response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
            document["components"]["headers"] = RESPONSE_HEADERS
            schemas = document["components"]["schemas"]
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            problem = jsonable_encoder(problem, exclude_none=True)  # as FastAPI does: no default of omitted fields
            schemas |= problem.pop("$defs")
            schemas["Problem"] = problem | {"examples": [example(kind)["value"] for kind in KINDS]}
            for unused in ("HTTPValidationError", "ValidationError"):  # FastAPI's own errors, which are never sent
                schemas.pop(unused, None)
            return document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents


def _describe_models(document: dict[str, Any], service: Service) -> None:
    """Insert what depends on the models: summary, limits for the most topics, and examples of the default model."""
    bundle = service.classifier.bundle
    manifest = bundle.manifest
    most_topics = max((model.classifier.topics for model in service.models), key=len)
    document["info"]["summary"] = f"{manifest.title_or_name}: classifies texts into {len(manifest.topics)} topics."
    texts = examples(service.classifier)[:2]
    schemas = document["components"]["schemas"]
    for limited in (limited_predict_request, limited_batch_request):
        request = limited(service.settings, most_topics)
        schemas[request.__name__] |= jsonable_encoder(request.model_json_schema(), exclude_none=True)
    if texts:
        schemas["PredictRequest"]["examples"] = [{"headline": texts[0]}]
        schemas["BatchRequest"]["examples"] = [{"headlines": texts}]
        shown = service.classifier.classify(texts, min(DEFAULT_TOP_K, len(manifest.topics)))
        serializer = ResponseSerializer(service.classifier)
        _show_answer(document, "/predict", serializer.single(shown[0], None))
        _show_answer(document, "/predict/batch", serializer.batch([serializer.part(shown)]))
        tensor = {"name": "headline", "shape": [len(texts)], "datatype": "BYTES", "data": texts}
        schemas["InferRequest"]["examples"] = [{"id": "42", "inputs": [tensor]}]
    described: dict[str, dict[str, object]] = {
        "Prediction": {"topic": manifest.topics[0].code, "name": manifest.topics[0].name, "label": 0},
        "Model": {"name": manifest.name, "version": manifest.version},
    }
    for name, values in described.items():
        for field, value in values.items():
            schemas[name]["properties"][field]["examples"] = [value]


def _show_answer(document: dict[str, Any], path: str, answer: bytes) -> None:
    document["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["example"] = json.loads(answer)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield method, path, operation


def _complete_examples(operation: dict[str, Any], path: str) -> None:
    """Insert what depends on the path into the examples of the errors."""
    for response in operation["responses"].values():
        for shown in response["content"].get(MEDIA_TYPE, {}).get("examples", {}).values():
            value = shown["value"]
            value["instance"] = path
            if path.startswith("/v2"):
                value["error"] = value["detail"]


def _matches(router: APIRouter, method: str, path: str) -> bool:
    scope = {"type": "http", "method": method.upper(), "path": path}
    return any(route.matches(scope)[0] is Match.FULL for route in router.routes)
