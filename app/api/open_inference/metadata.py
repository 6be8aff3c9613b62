"""Metadata and health routes of the Open Inference Protocol (V2)."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from app import VERSION
from app.api.open_inference.model_paths import MODEL_PATHS, TAG, served_model
from app.api.open_inference.schemas import ModelMetadata, ModelReady, ServerLive, ServerMetadata, ServerReady
from app.api.open_inference.tensors import tensors
from app.api.problems import responses
from app.classifier.loading import Runtime
from app.errors import MalformedRequestError, NotReadyError, UnknownModelError
from app.serving.service import Service

PLATFORMS: Mapping[Runtime, str] = {"numpy": "numpy_keras", "keras": "tensorflow_keras"}
"""Value of `platform` for each TOPICS_RUNTIME: the runtime and the format of the model file."""


def v2_router(service: Service) -> APIRouter:
    """Metadata and health routes of the protocol; `infer_routes` has inference."""
    router = APIRouter(tags=[TAG])

    @router.get("/v2", operation_id="serverMetadata", summary="Server metadata")
    async def v2_server() -> ServerMetadata:
        """Returns name, version and supported protocol extensions of the server."""
        return ServerMetadata(
            name="reuters-topics", version=VERSION, extensions=["binary_tensor_data", "classification"]
        )

    @router.get("/v2/health/live", operation_id="serverLive", summary="Server liveness probe")
    async def v2_live() -> ServerLive:
        """200 while the process responds; does not use the model."""
        return ServerLive(live=True)

    @router.get(
        "/v2/health/ready",
        operation_id="serverReady",
        summary="Server readiness probe",
        responses=responses(NotReadyError),
    )
    async def v2_ready() -> ServerReady:
        """200 if the model has loaded and reproduces its golden headlines, and the process is not shutting down."""
        service.ensure_ready()
        return ServerReady(live=True, ready=True)

    async def v2_model(request: Request) -> ModelMetadata:
        """Returns inputs and outputs of the model: name, datatype and shape of each tensor."""
        served = served_model(service, request.path_params)
        headline, outputs = tensors(served.classifier.bundle.manifest)
        return ModelMetadata(
            name=served.name,
            versions=[model.version for model in service.models if model.name == served.name],
            platform=PLATFORMS[service.settings.runtime],
            inputs=[headline],
            outputs=outputs,
        )

    async def v2_model_ready(request: Request) -> ModelReady:
        """200 if the server is ready and serves this model and version."""
        served = served_model(service, request.path_params)
        service.ensure_ready()
        return ModelReady(name=served.name, ready=True)

    for path, (kind, of_kind, parameters) in MODEL_PATHS.items():
        documented: dict[str, Any] = {
            "methods": ["GET"],
            "responses": responses(MalformedRequestError, NotReadyError, UnknownModelError),
            "openapi_extra": {"parameters": parameters},
        }
        router.add_api_route(
            path, v2_model, operation_id=f"{kind}Metadata", summary=f"Metadata of {of_kind}", **documented
        )
        router.add_api_route(
            f"{path}/ready",
            v2_model_ready,
            operation_id=f"{kind}Ready",
            summary=f"Readiness probe of {of_kind}",
            **documented,
        )
    return router
