"""Schemas of the Open Inference Protocol (V2); the OpenAPI document is generated from them.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

# Fails fast: a million invalid values would block the event loop while a million messages are built.
Texts = Annotated[list[str], Field(fail_fast=True)]
Size = Annotated[int, Field(ge=0, le=2**63 - 1)]
Shape = Annotated[list[Size], Field(max_length=8, examples=[[2]])]
OTHERS = "Unknown parameters are ignored."
MAX_TENSORS = 8
"""Maximum number of inputs or outputs in a request; the model has fewer."""


class _Request(BaseModel):
    model_config = ConfigDict(strict=True)


class RequestParameters(_Request):
    """Parameters of a request."""

    binary_data_output: Annotated[bool, Field(description="Return binary tensors.")] = False


class InputParameters(_Request):
    """Parameters of an input."""

    binary_data_size: Annotated[Size | None, Field(description="Size of this tensor after the JSON, in bytes.")] = None


class OutputParameters(_Request):
    """Parameters of an output."""

    binary_data: Annotated[
        bool | None, Field(description="Return this tensor in binary or not; overrides `binary_data_output`.")
    ] = None
    classification: Annotated[
        Size, Field(description="Return this many of the largest values as text `value:index:label`; 0: off.")
    ] = 0


class RequestInput(_Request):
    """A tensor of headlines."""

    name: Annotated[str, Field(description="Name of the tensor: `headline`.", examples=["headline"])]
    shape: Annotated[Shape, Field(description="[n] or [n, 1]")]
    datatype: Annotated[str, Field(description="`BYTES`", examples=["BYTES"])]
    parameters: Annotated[InputParameters | None, Field(description=OTHERS)] = None
    data: Annotated[
        Texts | Annotated[list[Texts], Field(fail_fast=True)] | None,
        Field(
            description="The headlines; omitted for a binary tensor, which has `binary_data_size` instead.",
        ),
    ] = None


class RequestOutput(_Request):
    """A requested output tensor."""

    name: Annotated[
        str,
        Field(
            description="Name of an output in the metadata: topic, probability, probabilities, abstained, outside or"
            " topic_set.",
            examples=["topic"],
        ),
    ]
    parameters: Annotated[OutputParameters | None, Field(description=OTHERS)] = None


class InferRequest(_Request):
    """An inference request."""

    id: Annotated[str | None, Field(max_length=1_000, description="Returned in the response.")] = None
    parameters: Annotated[RequestParameters | None, Field(description=OTHERS)] = None
    inputs: Annotated[
        list[RequestInput],
        Field(
            max_length=MAX_TENSORS,
            description="One tensor, `headline`.",
            json_schema_extra={"minItems": 1, "maxItems": 1},  # the service says itself which tensors a request has
        ),
    ]
    outputs: Annotated[
        Annotated[list[RequestOutput], Field(max_length=MAX_TENSORS)] | None,
        Field(description="Requested outputs, each at most once. Default: topic and probability."),
    ] = None


class ResponseParameters(BaseModel):
    """Parameters of an output tensor in a response."""

    binary_data_size: Annotated[int, Field(description="Size of this tensor after the JSON, in bytes.")]


class ResponseOutput(BaseModel):
    """An output tensor."""

    name: Annotated[str, Field(description="Name of the tensor.")]
    shape: Annotated[list[int], Field(description="[n], or [n, number of values per headline]", examples=[[2]])]
    datatype: Annotated[str, Field(description="BYTES, FP32 or BOOL")]
    parameters: Annotated[
        ResponseParameters | SkipJsonSchema[None],
        Field(description="Only of a binary tensor."),
    ] = None
    data: Annotated[
        list[str] | list[float] | list[bool] | SkipJsonSchema[None],
        Field(description="Elements in row-major order; omitted for a binary tensor."),
    ] = None


class InferResponse(BaseModel):
    """An inference response; rows are in the order of the headlines."""

    model_config = ConfigDict(protected_namespaces=())

    model_name: Annotated[str, Field(description="Name of the model that answered.")]
    model_version: Annotated[str, Field(description="Its version.")]
    id: Annotated[str, Field(description="`id` of the request, or its X-Request-ID if it has none.")]
    outputs: Annotated[list[ResponseOutput], Field(description="The requested outputs, in the order of the request.")]


class TensorMetadata(BaseModel):
    """Name, datatype and shape of a tensor."""

    name: Annotated[str, Field(description="Name of the tensor.")]
    datatype: Annotated[str, Field(description="BYTES, FP32 or BOOL")]
    shape: Annotated[list[int], Field(description="-1: number of headlines.")]


class ModelMetadata(BaseModel):
    """Name, versions, inputs and outputs of the model."""

    name: Annotated[str, Field(description="Name of the model.")]
    versions: Annotated[list[str], Field(description="Versions of this model that the service has.")]
    platform: Annotated[str, Field(description="Runtime and model format: `numpy_keras` or `tensorflow_keras`.")]
    inputs: Annotated[list[TensorMetadata], Field(description="The input tensor.")]
    outputs: Annotated[list[TensorMetadata], Field(description="All output tensors that can be requested.")]


class ServerMetadata(BaseModel):
    """Name, version and protocol extensions of the server."""

    name: Annotated[str, Field(description="Name of the server.")]
    version: Annotated[str, Field(description="Release of the server.")]
    extensions: Annotated[list[str], Field(description="Supported extensions of the protocol.")]


class ServerLive(BaseModel):
    """Result of the liveness probe."""

    live: Annotated[bool, Field(description="The process responds; always true.")]


class ServerReady(ServerLive):
    """Result of the readiness probe. The specification calls the field `live`, its OpenAPI file and clients `ready`."""

    ready: Annotated[bool, Field(description="Always true; a server that is not ready is a 503.")]


class ModelReady(BaseModel):
    """Result of the model's readiness probe."""

    name: Annotated[str, Field(description="Name of the model.")]
    ready: Annotated[bool, Field(description="Always true; a model that is not ready is a 503.")]
