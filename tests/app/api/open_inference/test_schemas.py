"""Schemas of the Open Inference Protocol: bounds, defaults, and a document that agrees with the responses."""

import json
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from app.api.open_inference.schemas import InferRequest

INFER = "/v2/models/tiny/infer"


def tensor(**changes: object) -> dict[str, Any]:
    return {"name": "headline", "shape": [1], "datatype": "BYTES", "data": ["oil"]} | changes


def errors(**changes: object) -> list[dict[str, Any]]:
    """Errors of a request whose input has these changes."""
    with pytest.raises(ValidationError) as caught:
        InferRequest.model_validate_json(json.dumps({"inputs": [tensor(**changes)]}))
    return caught.value.errors()


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/v2", "ServerMetadata"),
        ("/v2/health/live", "ServerLive"),
        ("/v2/health/ready", "ServerReady"),
        ("/v2/models/tiny", "ModelMetadata"),
        ("/v2/models/tiny/ready", "ModelReady"),
    ],
)
def test_response_has_the_documented_fields(client: TestClient, path: str, schema: str) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    response = client.get(path).json()
    assert response.keys() == schemas[schema]["properties"].keys()
    for one in [*response.get("inputs", ()), *response.get("outputs", ())]:
        assert one.keys() == schemas["TensorMetadata"]["properties"].keys()


def test_inference_response_has_the_documented_fields(client: TestClient) -> None:
    outputs = [{"name": "topic"}, {"name": "probability", "parameters": {"binary_data": True}}]
    reply = client.post(INFER, json={"inputs": [tensor()], "outputs": outputs})
    body = json.loads(reply.content[: int(reply.headers["Inference-Header-Content-Length"])])
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert body.keys() == schemas["InferResponse"]["properties"].keys()
    text, binary = body["outputs"]
    assert text.keys() | binary.keys() == schemas["ResponseOutput"]["properties"].keys()
    assert set(schemas["ResponseOutput"]["required"]) == text.keys() & binary.keys()


def test_output_is_json_unless_binary_is_requested(client: TestClient) -> None:
    for parameters in ({}, {"binary_data_output": False}):
        reply = client.post(INFER, json={"inputs": [tensor()], "parameters": parameters})
        assert [one["name"] for one in reply.json()["outputs"]] == ["topic", "probability"]


@pytest.mark.parametrize(("size", "message"), [(-1, "greater than or equal to 0"), (2**63, "less than or equal to")])
def test_size_is_a_64_bit_integer_from_0(size: int, message: str) -> None:
    for changes in ({"shape": [size]}, {"parameters": {"binary_data_size": size}}):
        [error] = errors(**changes)
        assert message in error["msg"]
    for valid in (0, 2**63 - 1):
        InferRequest.model_validate({"inputs": [tensor(shape=[valid], parameters={"binary_data_size": valid})]})


def test_many_wrong_texts_are_one_error() -> None:
    found = errors(data=[1] * 1000)
    assert [one["loc"] for one in found if one["loc"][3] == "list[str]"] == [("inputs", 0, "data", "list[str]", 0)]
    assert len(found) == 2
    nested = errors(data=[[1] * 1000] * 1000)
    assert len(nested) == 2


@pytest.mark.parametrize("name", ["inputs", "outputs"])
def test_more_than_eight_tensors_are_refused_in_one_error(name: str) -> None:
    body = {"inputs": [tensor()], "outputs": [{"name": "topic"}]}
    InferRequest.model_validate(body | {name: body[name] * 8})
    with pytest.raises(ValidationError) as caught:
        InferRequest.model_validate(body | {name: [7] * 10_000})
    assert [(one["type"], one["loc"]) for one in caught.value.errors()] == [("too_long", (name,))]


def test_shape_of_more_than_eight_sizes_is_refused_in_one_error() -> None:
    InferRequest.model_validate({"inputs": [tensor(shape=[1] * 8)]})
    assert [one["type"] for one in errors(shape=["x"] * 10_000)] == ["too_long"]
