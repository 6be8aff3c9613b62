"""Unknown fields and query parameters are refused with a suggestion, at low cost however many there are."""

import json
import time
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from starlette.testclient import TestClient

from app.api.field_errors import MAX_UNKNOWN, unknown_fields, with_unknown_fields
from tests.app.conftest import Start

TYPING_ERRORS: list[tuple[str, dict[str, Any], str, str]] = [
    ("/predict", {"headline": "oil", "topk": 3}, "topk", "top_k"),
    ("/predict", {"headline": "oil", "top-k": 3}, "top-k", "top_k"),
    ("/predict", {"headline": "oil", "TOP_K": 3}, "TOP_K", "top_k"),
    ("/predict", {"headline": "oil", "explian": True}, "explian", "explain"),
    ("/predict", {"headline": "oil", "explain": True, "explainTopic": "crude"}, "explainTopic", "explain_topic"),
    ("/predict", {"headlin": "oil"}, "headlin", "headline"),
    ("/predict", {"headlines": ["oil"]}, "headlines", "it belongs to POST /predict/batch"),
    ("/predict", {"headline": "oil", "headlines": ["oil"]}, "headlines", "it belongs to POST /predict/batch"),
    ("/predict", {"text": "oil"}, "text", "the fields are headline, top_k, explain, explain_topic"),
    ("/predict", {"headline": 5, "topk": 3}, "topk", "top_k"),
    ("/predict", {"headline": "oil", "": 1}, "", "headline"),
    ("/predict", {"headline": "oil", "model_config": 1}, "model_config", "headline"),
    ("/predict/batch", {"headlines": ["oil"], "explain": True}, "explain", "it belongs to POST /predict"),
    ("/predict/batch", {"headlines": ["oil"], "explian": True}, "explian", "the fields are headlines, top_k"),
    ("/predict/batch", {"headlines": ["oil"], "topK": 1}, "topK", "top_k"),
    ("/predict/batch", {"headline": "oil"}, "headline", "it belongs to POST /predict"),
]


def refused(client: TestClient, path: str, body: Any) -> list[dict[str, str]]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = client.post(path, content=content)
    assert (reply.status_code, reply.headers["content-type"]) == (422, "application/problem+json")
    assert len(reply.content) < 6000
    return reply.json()["errors"]


@pytest.mark.parametrize(("path", "body", "field", "near"), TYPING_ERRORS)
def test_unknown_field_is_named_with_the_near_one(client: TestClient, path: str, body: Any, field: str, near: str):
    first = refused(client, path, body)[0]
    assert first["field"] == field
    assert first["message"].startswith("unknown field; ")
    assert near in first["message"]


def test_field_of_the_other_endpoint_and_the_missing_one_are_both_in_the_detail(client: TestClient):
    detail = client.post("/predict", json={"headlines": ["oil", "gold"]}).json()["detail"]
    assert detail == "headlines: unknown field; it belongs to POST /predict/batch; headline: is missing."
    detail = client.post("/predict/batch", json={"headline": "oil"}).json()["detail"]
    assert detail == "headline: unknown field; it belongs to POST /predict; headlines: is missing."


def test_detail_ends_with_one_mark(client: TestClient):
    asked = client.post("/predict", json={"headline": "oil", "topk": 3}).json()["detail"]
    assert asked == "topk: unknown field; did you mean top_k?"
    said = client.post("/predict", json={"headline": "oil", "top_k": 0}).json()["detail"]
    assert said == "top_k: must be at least 1."


def test_wrong_values_are_named_beside_unknown_fields(client: TestClient):
    fields = {one["field"] for one in refused(client, "/predict", {"headlin": "oil", "top_k": "3"})}
    assert fields == {"headlin", "headline", "top_k"}


def test_topic_to_explain_needs_explain(client: TestClient):
    [error] = refused(client, "/predict", {"headline": "oil", "explain_topic": "crude"})
    assert error == {"field": "explain_topic", "message": "requires explain to be true"}
    for body in ({"explain_topic": None}, {"explain": True, "explain_topic": "crude"}, {"explain": True}):
        assert client.post("/predict", json={"headline": "oil"} | body).status_code == 200


@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
@pytest.mark.parametrize("query", ["top_k=3", "topk=3&x", "x", "=", "%ff=%00", "x=" + "1" * 5000])
def test_query_of_an_endpoint_is_refused(client: TestClient, path: str, query: str):
    body = {"headline": "oil"} if path == "/predict" else {"headlines": ["oil"]}
    assert client.post(f"{path}?{query}", json=body).status_code == 422
    assert client.post(f"{path}?", json=body).status_code == 200


def test_query_says_where_its_parameter_belongs(client: TestClient):
    [error] = client.post("/predict?topk=3", json={"headline": "oil"}).json()["errors"]
    assert error == {
        "field": "query.topk",
        "message": "unknown query parameter; top_k is a field of the JSON body",
    }
    assert client.get("/topics?limit=3").json()["errors"][0]["field"] == "query.limit"
    assert client.get("/model?x").status_code == 422


@pytest.mark.parametrize("path", ["/health", "/health/live", "/metrics", "/", "/page/main.js", "/v2", "/openapi.json"])
def test_probes_pages_and_scrapes_may_have_a_query(client: TestClient, path: str):
    """Load balancers and browsers add one to bypass caches."""
    assert client.get(f"{path}?time=1").status_code == 200


def test_open_inference_protocol_ignores_what_it_does_not_know(client: TestClient):
    tensor = {"name": "headline", "shape": [1], "datatype": "BYTES", "data": ["oil"], "extension": 1}
    body = {"inputs": [tensor], "extension": {"a": 1}}
    assert client.post("/v2/models/tiny/infer?x=1", json=body).status_code == 200


def test_document_says_that_there_are_no_other_fields(client: TestClient):
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    for name in ("PredictRequest", "BatchRequest"):
        assert schemas[name]["additionalProperties"] is False
        assert "examples" in schemas[name]


LARGE = {
    "unknown fields": b'{"headline":"oil",' + b",".join(b'"%d":1' % number for number in range(200_000)) + b"}",
    "name of an unknown field": b'{"headline":"oil","' + b"x" * 4_000_000 + b'":1}',
    "value of an unknown field": b'{"headline":"oil","x":"' + b"y" * 4_000_000 + b'"}',
    "text for a number": b'{"headline":"oil","top_k":"' + b"7" * 4_000_000 + b'"}',
    "fraction for a number": b'{"headline":"oil","top_k":0.' + b"7" * 4_000_000 + b"}",
    "dictionary for a number": b'{"headline":"oil","top_k":{'
    + b",".join([b'"%d":1' % n for n in range(200_000)])
    + b"}}",
    "names in a list": b'{"headline":"oil","top_k":[' + b",".join([b'"x"'] * 400_000) + b"]}",
    "topic": b'{"headline":"oil","explain":true,"explain_topic":"' + b"x" * 4_000_000 + b'"}',
}


@pytest.mark.parametrize("body", LARGE.values(), ids=LARGE)
def test_large_wrong_value_is_not_repeated_in_full(client: TestClient, body: bytes):
    begun = time.monotonic()
    # On a busy machine the body before may have taken longer than a request waits for its turn.
    while (reply := client.post("/predict", content=body)).status_code == 503 and time.monotonic() - begun < 20:
        time.sleep(1)
    assert reply.status_code == 422
    assert len(reply.content) < 6000
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("number", [b"7" * 4_000_000, b"-" + b"7" * 4_000_000, b"7e" + b"7" * 4_000_000])
def test_number_of_millions_of_digits_is_refused(client: TestClient, number: bytes):
    reply = client.post("/predict", content=b'{"headline":"oil","top_k":%b}' % number)
    assert reply.status_code in (400, 422)
    assert len(reply.content) < 1000


@pytest.mark.parametrize("prefix", ["/", "/v2/models/", "/model/card/", "/page/"])
def test_long_path_is_not_repeated_in_full(client: TestClient, prefix: str):
    reply = client.get(prefix + "x" * 50_000)
    assert reply.status_code == 404
    assert len(reply.content) < 1200
    assert client.delete(prefix + "x" * 50_000).status_code in (404, 405)


@pytest.mark.parametrize("name", ["X-Request-Timeout", "Content-Type", "Content-Encoding", "Range", "X-API-Key"])
def test_long_header_is_not_repeated_in_full(client: TestClient, name: str):
    reply = client.post("/predict", json={"headline": "oil"}, headers={name: "x" * 50_000})
    assert len(reply.content) < 1200


class Body(BaseModel):
    """Two fields, both required."""

    headline: str
    top_k: int


def invalid(body: bytes) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        Body.model_validate_json(body)
    return caught.value


def test_error_without_unknown_fields_stays_as_it_is():
    error = invalid(b'{"headline": 1}')
    assert with_unknown_fields(error, b'{"headline": 1}', Body.model_fields) is error
    assert with_unknown_fields(error, b"[1]", Body.model_fields) is error


def test_unknown_fields_come_first_and_no_error_repeats_an_input():
    body = b'{"headlin": "secret"}'
    errors = with_unknown_fields(invalid(body), body, Body.model_fields).errors()
    assert [one["loc"] for one in errors] == [("headlin",), ("headline",), ("top_k",)]
    assert errors[0]["msg"] == "unknown field; did you mean headline?"
    assert all(one["input"] is None for one in errors)


@pytest.mark.parametrize("number", [MAX_UNKNOWN, MAX_UNKNOWN + 1, 1000])
def test_ten_unknown_fields_are_named_at_most(number: int):
    error = unknown_fields([f"x{index}" for index in range(number)], ["headline"])
    assert MAX_UNKNOWN == 10
    assert len(error.errors()) == 10


def test_name_like_no_field_gets_their_list():
    assert unknown_fields(["zzz"], ["headline", "top_k"]).errors()[0]["msg"] == (
        "unknown field; the fields are headline, top_k"
    )


def test_ten_other_errors_are_kept_at_most():
    class Many(BaseModel):
        numbers: list[int]

    body = json.dumps({"numbers": ["x"] * 50, "number": 1}).encode()
    with pytest.raises(ValidationError) as caught:
        Many.model_validate_json(body)
    assert len(with_unknown_fields(caught.value, body, Many.model_fields).errors()) == 1 + 10


def test_length_of_a_text_is_explained_in_words_of_the_api(client: TestClient):
    for path, body in (("/predict", {"headline": "x" * 20_001}), ("/predict/batch", {"headlines": ["x" * 20_001]})):
        [error] = refused(client, path, body)
        assert error["message"] == "must have at most 20,000 characters"
        misspelt = refused(client, path, body | {"topk": 1})
        assert error in misspelt
    [error] = refused(client, "/predict", {"headline": ""})
    assert error["message"] == "must not be empty"


@pytest.mark.parametrize(
    ("path", "long", "many"),
    [
        ("/predict/batch", "headlines.0", "headlines"),
        ("/v2/models/tiny/infer", "inputs.0.data.0", "inputs.0.shape"),
    ],
)
def test_text_and_batch_that_are_too_long_are_named_as_in_the_body(start: Start, path: str, long: str, many: str):
    client = start(max_characters=10, max_batch=2)
    for texts, status, field, limit in (
        (["x" * 11], 422, long, "10 char"),
        (["x"] * 3, 413, many, "2 texts"),
    ):
        tensor = {"name": "headline", "shape": [len(texts)], "datatype": "BYTES", "data": texts}
        reply = client.post(path, json={"headlines": texts} if path == "/predict/batch" else {"inputs": [tensor]})
        body = reply.json()
        [error] = body["errors"]
        assert (reply.status_code, error["field"]) == (status, field)
        assert error["message"].startswith(f"must have at most {limit}")
        assert body["detail"] == f"{field}: {error['message']}."


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ([], ["body: must be an object"]),
        ({"inputs": 5}, ["inputs: must be an array"]),
        ({"inputs": [{"data": 5}]}, ["inputs.0.data: must be an array"]),
        ({"inputs": [{"data": ["a", 5]}]}, ["inputs.0.data.1: must be a string"]),
    ],
)
def test_place_of_an_error_is_that_in_the_body(client: TestClient, body: Any, errors: list[str]):
    found = refused(client, "/v2/models/tiny/infer", body)
    assert [one for one in map("{field}: {message}".format_map, found) if "missing" not in one] == errors


def test_errors_of_one_field_name_it(client: TestClient):
    for body, field in (({"explain_topic": "weather"}, "explain_topic"), ({"headline": "oil " * 300}, "headline")):
        [error] = refused(client, "/predict", {"headline": "oil", "explain": True} | body)
        assert error["field"] == field
