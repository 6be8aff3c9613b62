"""The Open Inference Protocol (V2), which KServe, Triton, MLServer and their clients speak; see `docs/v2.md`."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from pydantic_core import to_json
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from app import VERSION
from app.api.open_inference.schemas import (
    InferRequest,
    InferResponse,
    ModelMetadata,
    ModelReady,
    ServerLive,
    ServerMetadata,
    ServerReady,
)
from app.api.open_inference.tensors import elements, headlines, tensor, tensors, top_k, wanted
from app.api.problems import responses
from app.api.raw_route import RawRoute, check_media_type, parse, read_body, send_answer
from app.api.routes.predict import ERRORS, check_size, classify_batch
from app.api.schemas import queries
from app.api.timeout_header import PARAMETER
from app.classifier.classifier import Runtime
from app.classifier.manifest import Manifest
from app.errors import (
    BatchTooLargeError,
    HeaderError,
    MalformedRequestError,
    NotReadyError,
    UnknownModelError,
    quoted,
)
from app.serving.service import Service
from app.telemetry.request_context import context_of

HEADER_LENGTH = "Inference-Header-Content-Length"
OCTETS = "application/octet-stream"
_HEADER_LENGTH = HEADER_LENGTH.lower().encode()

PLATFORMS: Mapping[Runtime, str] = {"numpy": "numpy_keras", "keras": "tensorflow_keras"}
"""By TOPICS_RUNTIME: what computes the answers and the file format of the model, as the protocol names platforms."""

_BYTES: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


_PATHS = {
    "/v2/models/{name}": [_path_parameter("name")],
    "/v2/models/{name}/versions/{version}": [_path_parameter("name"), _path_parameter("version")],
}


def v2_router(service: Service) -> APIRouter:
    """All routes of the protocol, with the same limits, keys, deadline and metrics as /predict/batch."""
    router = APIRouter(tags=["open inference protocol"])

    @router.get("/v2")
    async def v2_server() -> ServerMetadata:
        """Which server this is, and the protocol extensions it knows."""
        return ServerMetadata(
            name="reuters-topics", version=VERSION, extensions=["binary_tensor_data", "classification"]
        )

    @router.get("/v2/health/live")
    async def v2_live() -> ServerLive:
        """The event loop turns."""
        return ServerLive(live=True)

    @router.get("/v2/health/ready", responses=responses(NotReadyError))
    async def v2_ready() -> ServerReady:
        """The model has loaded, answers as it did in training, and the process is not going away."""
        service.ensure_ready()
        return ServerReady(live=True, ready=True)

    async def v2_model(request: Request) -> ModelMetadata:
        """The tensors that the model takes and gives."""
        manifest = _manifest(service, request)
        headline, outputs = tensors(len(manifest.topics))
        return ModelMetadata(
            name=manifest.name,
            versions=[manifest.version],
            platform=PLATFORMS[service.settings.runtime],
            inputs=[headline],
            outputs=outputs,
        )

    async def v2_model_ready(request: Request) -> ModelReady:
        """This very model is ready."""
        manifest = _manifest(service, request)
        service.ensure_ready()
        return ModelReady(name=manifest.name, ready=True)

    for path, parameters in _PATHS.items():
        documented: dict[str, Any] = {
            "methods": ["GET"],
            "responses": responses(MalformedRequestError, NotReadyError, UnknownModelError),
            "openapi_extra": {"parameters": parameters},
        }
        router.add_api_route(path, v2_model, **documented)
        router.add_api_route(f"{path}/ready", v2_model_ready, **documented)
    return router


def infer_routes(service: Service) -> list[RawRoute]:
    """Prediction, under both of its paths."""
    batch_query = queries(service.settings)[1]

    async def v2_infer(query: InferRequest, request: Request) -> bytes:
        """Classify headlines, sent and answered as tensors in JSON or in binary."""
        manifest = _manifest(service, request)
        context = context_of(request.scope)
        topics = manifest.topics
        outputs = wanted(query, len(topics))
        # Before anything is cut out of the bytes: they may hold millions of empty elements.
        check_size(service, max((size for given in query.inputs for size in given.shape), default=0))
        # The limits of a text and of a batch are those of POST /predict/batch.
        texts = batch_query(headlines=headlines(query, context.binary)).headlines
        context.binary = b""
        parts = await classify_batch(
            service,
            request,
            texts,
            top_k(outputs, len(topics)),
            lambda results: [elements(one, results, topics) for one in outputs],
        )
        made = [tensor(one, len(texts), len(topics), own) for one, *own in zip(outputs, *parts, strict=True)]
        described = {
            "model_name": manifest.name,
            "model_version": manifest.version,
            "id": query.id or context.request_id,
        }
        answer = to_json(described)[:-1] + b',"outputs":[' + b",".join([json for json, _ in made]) + b"]}"
        binary = b"".join([rest for _, rest in made])
        if binary:
            context.content_type = OCTETS.encode()
            context.response_headers.append((_HEADER_LENGTH, b"%d" % len(answer)))
        return answer + binary

    return [
        _InferRoute(
            f"{path}/infer",
            v2_infer,
            query=InferRequest,
            max_body_bytes=service.settings.max_body_bytes,
            admit=service.limiter.raise_if_full,
            response_model=InferResponse,
            response_model_exclude_none=True,
            responses={200: {"content": {OCTETS: _BYTES}}}
            | responses(*ERRORS, BatchTooLargeError, UnknownModelError, HeaderError),
            openapi_extra={
                "parameters": [*parameters, PARAMETER, _HEADER],
                "requestBody": {"content": {OCTETS: _BYTES}},
            },
            tags=["open inference protocol"],
        )
        for path, parameters in _PATHS.items()
    ]


_HEADER: dict[str, Any] = {
    "name": HEADER_LENGTH,
    "in": "header",
    "required": False,
    "description": "Bytes of JSON that the body begins with, where tensors follow in binary.",
    "schema": {"type": "integer", "minimum": 0},
}


class _InferRoute(RawRoute):
    """A bytes route whose body, and answer, may go on in binary after the JSON."""

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._admit()
        headers = dict(scope["headers"])
        check_media_type(headers, OCTETS.encode())
        body = await read_body(receive, self._max_body_bytes)
        length = _header_length(headers, len(body))
        context_of(scope).binary = body[length:]
        query = parse(self._validate, body[:length])
        del body  # or it would be held until the answer is sent
        answer = await self._respond(query, Request(scope, receive))
        await send_answer(send, answer, context_of(scope))


def _header_length(headers: Mapping[bytes, bytes], whole: int) -> int:
    given = headers.get(_HEADER_LENGTH)
    if given is None:
        return whole
    if not given.isdigit() or int(given[:19]) > whole:
        raise HeaderError(
            f"{HEADER_LENGTH} must be a number of bytes within the body's {whole:,}, but it is"
            f" {quoted(given.decode('latin-1'))}."
        )
    return int(given[:19])


def _manifest(service: Service, request: Request) -> Manifest:
    """The manifest of the model, if it is the one in the path; raises UnknownModelError."""
    manifest = service.classifier.bundle.manifest
    name, version = request.path_params["name"], request.path_params.get("version", manifest.version)
    if (name, version) != (manifest.name, manifest.version):
        raise UnknownModelError(f"This service has the model {manifest.name!r} in version {manifest.version!r} alone.")
    return manifest
