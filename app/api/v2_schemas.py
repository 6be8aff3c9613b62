"""What the Open Inference Protocol (V2) says in JSON; OpenAPI is made from these.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

# Lists fail fast: a body of a million wrong values must not keep everybody waiting for a million messages.
Texts = Annotated[list[str], Field(fail_fast=True)]
Shape = Annotated[list[Annotated[int, Field(ge=0)]], Field(fail_fast=True), Field(examples=[[2]])]
Parameters = Annotated[
    dict[str, Any] | None, Field(description="Those of the extensions that GET /v2 lists; others are ignored.")
]


class _Query(BaseModel):
    model_config = ConfigDict(strict=True)


class RequestInput(_Query):
    """A tensor of headlines."""

    name: Annotated[str, Field(examples=["headline"])]
    shape: Annotated[Shape, Field(description="[n] or [n, 1]")]
    datatype: Annotated[str, Field(examples=["BYTES"])]
    parameters: Parameters = None
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
    parameters: Parameters = None


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

    id: Annotated[str | None, Field(description="Comes back in the answer.")] = None
    parameters: Parameters = None
    inputs: Annotated[list[RequestInput], Field(fail_fast=True)]
    outputs: Annotated[
        Annotated[list[RequestOutput], Field(fail_fast=True)] | None,
        Field(description="Default: topic and probability."),
    ] = None


class ResponseOutput(BaseModel):
    """A tensor of the answer."""

    name: str
    shape: Shape
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
