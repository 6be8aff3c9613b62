"""Schemas of the Open Inference Protocol (V2); the OpenAPI document is generated from them.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

# Fails fast: a million invalid values would block the event loop while a million messages are built.
Texts = Annotated[list[str], Field(fail_fast=True)]
Size = Annotated[int, Field(ge=0, le=2**63 - 1)]
Shape = Annotated[list[Size], Field(max_length=8, examples=[[2]])]
Parameters = Annotated[dict[str, Any] | None, Field(description="`binary_data_size` of a binary tensor, in bytes.")]
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

    name: Annotated[str, Field(examples=["headline"])]
    shape: Annotated[Shape, Field(description="[n] or [n, 1]")]
    datatype: Annotated[str, Field(examples=["BYTES"])]
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
        str, Field(description="topic, probability, probabilities, abstained or outside", examples=["topic"])
    ]
    parameters: Annotated[OutputParameters | None, Field(description=OTHERS)] = None


class InferRequest(_Request):
    """An inference request."""

    id: Annotated[str | None, Field(max_length=1_000, description="Returned in the response.")] = None
    parameters: Annotated[RequestParameters | None, Field(description=OTHERS)] = None
    inputs: Annotated[list[RequestInput], Field(max_length=MAX_TENSORS)]
    outputs: Annotated[
        Annotated[list[RequestOutput], Field(max_length=MAX_TENSORS)] | None,
        Field(description="Requested outputs, each at most once. Default: topic and probability."),
    ] = None


class ResponseOutput(BaseModel):
    """An output tensor."""

    name: str
    shape: Annotated[list[int], Field(examples=[[2]])]
    datatype: str
    parameters: Parameters = None
    data: Annotated[
        list[str] | list[float] | None, Field(description="Elements in row-major order; omitted for a binary tensor.")
    ] = None


class InferResponse(BaseModel):
    """An inference response; rows are in the order of the headlines."""

    model_config = ConfigDict(protected_namespaces=())

    model_name: str
    model_version: str
    id: Annotated[str, Field(description="`id` of the request, or its X-Request-ID if it has none.")]
    outputs: list[ResponseOutput]


class TensorMetadata(BaseModel):
    """Name, datatype and shape of a tensor."""

    name: str
    datatype: str
    shape: Annotated[list[int], Field(description="-1: number of headlines.")]


class ModelMetadata(BaseModel):
    """Name, versions, inputs and outputs of the model."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class ServerMetadata(BaseModel):
    """Name, version and protocol extensions of the server."""

    name: str
    version: str
    extensions: list[str]


class ServerLive(BaseModel):
    """Result of the liveness probe."""

    live: bool


class ServerReady(ServerLive):
    """Result of the readiness probe. The specification calls the field `live`, its OpenAPI file and clients `ready`."""

    ready: bool


class ModelReady(BaseModel):
    """Result of the model's readiness probe."""

    name: str
    ready: bool
