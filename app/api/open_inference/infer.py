"""Inference routes of the Open Inference Protocol (V2) of KServe, Triton and MLServer; see `docs/v2.md`."""

import time
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_json
from starlette.types import Receive, Scope, Send

from app.api.headers import HEADER_LENGTH, REQUEST_ID
from app.api.open_inference.input_errors import at_input, validate_request
from app.api.open_inference.model_paths import MODEL_PATHS, TAG, served_model
from app.api.open_inference.schemas import InferRequest, InferResponse
from app.api.open_inference.tensors import (
    elements,
    headlines,
    input_tensor,
    max_columns,
    requested_outputs,
    tensor,
    top_k,
)
from app.api.problems import responses
from app.api.raw_route import Handler, RawRoute, send_answer
from app.api.request_body import parse_in_turn, raise_if_unsupported_media_type, read_body
from app.api.routes.batch import classify_batch, raise_if_batch_too_large
from app.api.routes.predict import ERRORS
from app.api.routes.request_timeout import REQUEST_TIMEOUT
from app.api.schemas import limited_batch_request
from app.errors import HeaderError, TensorError, TensorTooLargeError, quoted
from app.serving.service import Service
from app.telemetry.request_context import RequestContext

OCTETS = "application/octet-stream"
_HEADER_LENGTH = HEADER_LENGTH.lower().encode()

_BYTES: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}

_HEADER: dict[str, Any] = {
    "name": HEADER_LENGTH,
    "in": "header",
    "required": False,
    "description": "Length of the JSON at the start of the body, in bytes, if binary tensors follow it; the"
    f" Content-Type is then {OCTETS}.",
    "schema": {"type": "integer", "minimum": 0},
}


def infer_routes(service: Service) -> list[RawRoute]:
    """Both inference routes, with the limits, deadline and metrics of /predict/batch."""
    batch_request = limited_batch_request(service.settings)

    async def v2_infer(body: InferRequest, context: RequestContext, receive: Receive) -> bytes:
        """Classifies the headlines of a BYTES tensor; tensors are JSON or binary."""
        served = served_model(service, context.path_params)
        manifest = served.classifier.bundle.manifest
        topics = manifest.topics
        outputs = requested_outputs(body, manifest)
        given = input_tensor(body)
        # Checked before the binary data is split: it may hold millions of empty elements.
        columns = max_columns(outputs, len(topics))
        raise_if_batch_too_large(service, max(given.shape, default=0), columns, TensorTooLargeError)
        try:  # applies the limits of POST /predict/batch on texts and batches
            texts = batch_request(headlines=headlines(given, context.binary)).headlines
        except ValidationError as error:
            raise at_input(error) from None
        context.binary = b""
        parts = await classify_batch(
            service,
            served,
            context,
            receive,
            texts,
            top_k=top_k(outputs, len(topics)),
            write=lambda results: [elements(output, results, topics) for output in outputs],
        )
        made = [tensor(output, len(texts), len(topics), own) for output, *own in zip(outputs, *parts, strict=True)]
        described = {
            "model_name": served.name,
            "model_version": served.version,
            "id": body.id or context.request_id,
        }
        answer = to_json(described)[:-1] + b',"outputs":[' + b",".join([json for json, _ in made]) + b"]}"
        binary = b"".join([rest for _, rest in made])
        if binary:
            context.content_type = OCTETS.encode()
            context.response_headers.append((_HEADER_LENGTH, b"%d" % len(answer)))
        return answer + binary

    handler = Handler(validate_request, v2_infer)
    return [
        _InferRoute(
            f"{path}/infer",
            v2_infer,
            model=InferRequest,
            max_body_bytes=service.settings.max_body_bytes,
            admit=service.limiter.admit_batch,
            turns=service.parse_turns,
            handler=lambda _: handler,
            operation_id="infer" if kind == "model" else "inferVersion",
            summary=f"Infer with {of_kind}",
            response_model=InferResponse,
            response_model_exclude_none=True,
            responses={200: {"content": {OCTETS: _BYTES}}}
            | responses(*ERRORS, HeaderError, TensorError, TensorTooLargeError),
            openapi_extra={
                "parameters": [*parameters, REQUEST_TIMEOUT, REQUEST_ID, _HEADER],
            },
            tags=[TAG],
        )
        for path, (kind, of_kind, parameters) in MODEL_PATHS.items()
    ]


class _InferRoute(RawRoute):
    """A RawRoute with optional binary tensors after the JSON, in request and response."""

    async def answer(self, scope: Scope, receive: Receive, send: Send, context: RequestContext) -> None:
        """Answer one request; exceptions are raised to the caller."""
        self._raise_if_refused(context)
        raise_if_unsupported_media_type(context.headers, OCTETS.encode())
        content = await read_body(receive, self._max_body_bytes)
        context.body_read = time.monotonic()
        length = _header_length(context.headers, len(content))
        context.binary = content[length:]
        content = content[:length]  # without the binary tensors
        validate, respond = self._handler(None)  # the path names the model
        body = await parse_in_turn(self._turns, validate, content)
        del content  # otherwise it would stay in memory until the response is sent
        await send_answer(send, await respond(body, context, receive), context)


def _header_length(headers: Mapping[bytes, bytes], whole: int) -> int:
    given = headers.get(_HEADER_LENGTH)
    if given is None:
        return whole
    # Python refuses to convert thousands of digits.
    if not given.isdigit() or len(given) > 19 or int(given) > whole:
        raise HeaderError(
            f"{HEADER_LENGTH} must be a number of bytes up to the body's {whole:,}, but it is"
            f" {quoted(given.decode('latin-1'))}."
        )
    return int(given)
