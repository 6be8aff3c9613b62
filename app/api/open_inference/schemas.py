"""What the Open Inference Protocol (V2) says in JSON; OpenAPI is made from these.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

# Lists fail fast and are short: a body of a million wrong values must not keep every other client waiting.
Texts = Annotated[list[str], Field(fail_fast=True)]
Size = Annotated[int, Field(ge=0, le=2**63 - 1)]
Shape = Annotated[list[Size], Field(fail_fast=True, max_length=8, examples=[[2]])]
Parameters = Annotated[dict[str, Any] | None, Field(description="Where the tensor is binary: its size in bytes.")]
OTHERS = "Parameters that are not listed here are ignored."
MAX_TENSORS = 8
"""Longest list of inputs or outputs that is read; the model has fewer, so a longer one is wrong anyway."""


class _Query(BaseModel):
    model_config = ConfigDict(strict=True)


class RequestParameters(_Query):
    """Parameters of a request."""

    binary_data_output: Annotated[bool, Field(description="Answer with binary tensors.")] = False


class InputParameters(_Query):
    """Parameters of an input."""

    binary_data_size: Annotated[Size | None, Field(description="Bytes of this tensor that follow the JSON.")] = None


class OutputParameters(_Query):
    """Parameters of an output."""

    binary_data: Annotated[
        bool | None, Field(description="Answer with this tensor in binary, or not, whatever binary_data_output says.")
    ] = None
    classification: Annotated[
        Size, Field(description="Answer with this many of the largest values as text `value:index:label`; 0: off.")
    ] = 0


class RequestInput(_Query):
    """A tensor of headlines."""

    name: Annotated[str, Field(examples=["headline"])]
    shape: Annotated[Shape, Field(description="[n] or [n, 1]")]
    datatype: Annotated[str, Field(examples=["BYTES"])]
    parameters: Annotated[InputParameters | None, Field(description=OTHERS)] = None
    data: Annotated[
        Texts | Annotated[list[Texts], Field(fail_fast=True)] | None,
        Field(
            description="The headlines; left out where `binary_data_size` says how many bytes of them follow.",
            examples=[["Gold falls to a three-month low", "Wheat crop damaged"]],
        ),
    ] = None


class RequestOutput(_Query):
    """A tensor that is wanted."""

    name: Annotated[str, Field(description="topic, probability, probabilities or abstained", examples=["topic"])]
    parameters: Annotated[OutputParameters | None, Field(description=OTHERS)] = None


class InferRequest(_Query):
    """Headlines to classify."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "42",
                    "inputs": [
                        {
                            "name": "headline",
                            "shape": [2],
                            "datatype": "BYTES",
                            "data": ["Gold falls to a three-month low", "Wheat crop damaged"],
                        }
                    ],
                }
            ]
        }
    )

    id: Annotated[str | None, Field(max_length=1_000, description="Comes back in the answer.")] = None
    parameters: Annotated[RequestParameters | None, Field(description=OTHERS)] = None
    inputs: Annotated[list[RequestInput], Field(fail_fast=True, max_length=MAX_TENSORS)]
    outputs: Annotated[
        Annotated[list[RequestOutput], Field(fail_fast=True, max_length=MAX_TENSORS)] | None,
        Field(description="Each at most once; default: topic and probability."),
    ] = None


class ResponseOutput(BaseModel):
    """A tensor of the answer."""

    name: str
    shape: Annotated[list[int], Field(examples=[[2]])]
    datatype: str
    parameters: Parameters = None
    data: Annotated[
        list[str] | list[float] | None, Field(description="Row by row; left out where its bytes follow the JSON.")
    ] = None


class InferResponse(BaseModel):
    """The answers, in the order of the headlines."""

    model_config = ConfigDict(protected_namespaces=())

    model_name: Annotated[str, Field(examples=["headlines"])]
    model_version: Annotated[str, Field(examples=["1"])]
    id: Annotated[str, Field(description="The request's, or else its X-Request-ID.")]
    outputs: list[ResponseOutput]


class TensorMetadata(BaseModel):
    """A tensor that the model takes or gives."""

    name: str
    datatype: str
    shape: Annotated[list[int], Field(description="-1: as many as there are headlines")]


class ModelMetadata(BaseModel):
    """What the model takes and gives."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class ServerMetadata(BaseModel):
    """Who answers, and what it knows beyond the protocol."""

    name: str
    version: str
    extensions: list[str]


class ServerLive(BaseModel):
    """The event loop turns."""

    live: bool


class ServerReady(ServerLive):
    """The specification names the field `live`, its OpenAPI file and its clients `ready`: both are here."""

    ready: bool


class ModelReady(BaseModel):
    """The model answers as it did in training."""

    name: str
    ready: bool
