"""The query parameter `model`: its value, and errors for every other parameter."""

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from app.api.model_parameter import model_parameter

FIELDS = ("headline", "top_k", "explain", "explain_topic")


def scope(query: bytes) -> dict[str, bytes]:
    return {"query_string": query}


@pytest.mark.parametrize(
    ("query", "model"),
    [(b"", None), (b"model=news", "news"), (b"model=news%2F2", "news/2"), (b"model=", ""), (b"&model=a&", "a")],
)
def test_one_model_is_read_from_the_query_and_decoded(query: bytes, model: str | None) -> None:
    assert model_parameter(scope(query), FIELDS) == model


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        (b"model=a&model=b", {"model": "is given more than once"}),
        (b"limit=1&from=2", {"limit": "the only one is model", "from": "the only one is model"}),
        (b"modle=a", {"modle": "did you mean model?"}),
        (b"topk=3", {"topk": "top_k is a field of the JSON body"}),
        (b"exp=1", {"exp": "explain is a field of the JSON body"}),
    ],
)
def test_each_wrong_parameter_is_one_error_with_a_hint(query: bytes, errors: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        model_parameter(scope(query), FIELDS)
    found = {one["loc"]: one["msg"].removeprefix("unknown query parameter; ") for one in caught.value.errors()}
    assert found == {("query", name): message for name, message in errors.items()}


def test_ten_unknown_parameters_are_named_at_most() -> None:
    with pytest.raises(ValidationError) as caught:
        model_parameter(scope(b"&".join(b"x%d=1" % number for number in range(1000))))
    assert len(caught.value.errors()) == 10


def test_parameter_is_documented_as_optional(client: TestClient) -> None:
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for operation in methods.values():
            required = [one["required"] for one in operation.get("parameters", ()) if one["name"] == "model"]
            assert required == [False] * (path in {"/predict", "/predict/batch", "/topics", "/model"}), path
