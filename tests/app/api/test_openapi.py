import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from fastapi.testclient import TestClient

from app.api.problem_kinds import KINDS
from app.api.problems import Problem
from app.main import create_app
from app.settings import Settings
from tests.app.conftest import Start


@pytest.mark.parametrize("keys", ["", "secret"])
def test_routes_need_a_key_in_the_document_exactly_where_they_need_one_in_fact(tiny_bundle: Path, keys: str) -> None:
    app = create_app(Settings(model=tiny_bundle, api_keys=keys, access_log=False))
    with TestClient(app) as client:
        document = client.get("/openapi.json").json()
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                refused = client.request(method, path.format(name="tiny", version="1")).status_code == 401
                assert ("security" in operation) == refused, path
    assert ("securitySchemes" in document["components"]) == bool(keys)
    assert document["security"] == []


def test_every_schema_that_the_document_refers_to_is_in_it(tiny_bundle: Path) -> None:
    with TestClient(create_app(Settings(model=tiny_bundle, access_log=False))) as client:
        answer = client.get("/openapi.json")
    names = {part.split('"')[0] for part in answer.text.split("#/components/schemas/")[1:]}
    assert names <= answer.json()["components"]["schemas"].keys()
    assert "Problem" in names


def test_readiness_documents_its_503_and_liveness_none(client: TestClient):
    paths = client.get("/openapi.json").json()["paths"]
    for path, documented in (("/health", True), ("/health/ready", True), ("/health/live", False)):
        assert ("503" in paths[path]["get"]["responses"]) == documented, path


OPERATION_IDS = {
    "POST /predict": "predict",
    "POST /predict/batch": "predictBatch",
    "GET /topics": "listTopics",
    "GET /model": "getModel",
    "GET /health": "getHealth",
    "GET /health/live": "getLiveness",
    "GET /health/ready": "getReadiness",
    "GET /metrics": "getMetrics",
    "GET /v2": "serverMetadata",
    "GET /v2/health/live": "serverLive",
    "GET /v2/health/ready": "serverReady",
    "GET /v2/models/{name}": "modelMetadata",
    "GET /v2/models/{name}/ready": "modelReady",
    "POST /v2/models/{name}/infer": "infer",
    "GET /v2/models/{name}/versions/{version}": "modelVersionMetadata",
    "GET /v2/models/{name}/versions/{version}/ready": "modelVersionReady",
    "POST /v2/models/{name}/versions/{version}/infer": "inferVersion",
}
"""Generated clients name their functions after these: changing one breaks their users."""


def operations(client: TestClient) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation of the document, as `METHOD /path` and its description."""
    for method, path, operation in operations_of(client.get("/openapi.json").json()):
        yield f"{method.upper()} {path}", operation


def operations_of(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_operation_ids_are_unique_and_stable(client: TestClient):
    assert {name: operation["operationId"] for name, operation in operations(client)} == OPERATION_IDS, (
        "OPERATION_IDS in this file: add those of new endpoints; never change one"
    )
    assert len(set(OPERATION_IDS.values())) == len(OPERATION_IDS)


def test_operation_has_a_summary_a_description_and_one_documented_tag(client: TestClient):
    document = client.get("/openapi.json").json()
    tags = {tag["name"] for tag in document["tags"] if tag["description"]}
    for name, operation in operations(client):
        assert operation["summary"][0].isupper(), name
        assert operation["description"].endswith("."), name
        assert len(operation["tags"]) == 1, name
        assert operation["tags"][0] in tags, name


def test_summary_is_not_derived_from_the_functions_name(client: TestClient):
    for name, operation in operations(client):
        assert operation["summary"] != operation["summary"].title(), f"{name}: FastAPI's default, in title case"


def test_output_tensor_may_hold_its_elements_as_strings_numbers_or_booleans(client: TestClient):
    tensor = client.get("/openapi.json").json()["components"]["schemas"]["ResponseOutput"]["properties"]
    kinds = [one.get("items", one)["type"] for one in tensor["data"]["anyOf"]]
    assert kinds == ["string", "number", "boolean"]


def test_field_that_is_left_out_is_not_documented_as_null(client: TestClient):
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    for name, field in (
        ("Problem", "errors"),
        ("Problem", "error"),
        ("PredictResponse", "explanation"),
        ("ResponseOutput", "parameters"),
        ("ResponseOutput", "data"),
    ):
        assert field not in schemas[name]["required"]
        assert "null" not in str(schemas[name]["properties"][field]) + str(schemas[name].get("default")), (name, field)
        assert "default" not in schemas[name]["properties"][field]


def test_reason_for_abstaining_and_section_of_the_manifest_are_one_schema_each(client: TestClient):
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    for name in ("Result", "PredictResponse"):
        assert schemas[name]["properties"]["abstained"]["anyOf"][0] == {"$ref": "#/components/schemas/Abstained"}
    model = schemas["ModelResponse"]["properties"]
    assert model["recipe"]["$ref"] == model["outside"]["anyOf"][0]["$ref"] == "#/components/schemas/Section"


def test_error_is_documented_as_a_problem_and_predict_has_all_that_are_possible(client: TestClient):
    for name, operation in operations(client):
        errors = {status: answer["content"] for status, answer in operation["responses"].items() if status >= "400"}
        assert all(list(content) == ["application/problem+json"] for content in errors.values()), name
        if name == "POST /predict":
            assert errors.keys() == {"400", "401", "404", "408", "413", "415", "422", "500", "503", "504"}


def test_answers_to_the_examples_are_those_that_the_document_shows(client: TestClient):
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    for path, schema in (("/predict", "PredictRequest"), ("/predict/batch", "BatchRequest")):
        [example] = schemas[schema]["examples"]
        shown = document["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["example"]
        assert client.post(path, json=example).json() == shown
    [example] = schemas["InferRequest"]["examples"]
    assert client.post("/v2/models/tiny/infer", json=example).status_code == 200


def test_examples_of_fields_are_the_models_own(client: TestClient):
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    found = {
        (name, field): schemas[name]["properties"][field]["examples"]
        for name, fields in {"Prediction": ("topic", "name", "label"), "Model": ("name", "version")}.items()
        for field in fields
    }
    assert list(found.values()) == [["cocoa"], ["Cocoa"], [0], ["tiny"], ["1"]]


DOCUMENTED_ELSEWHERE = {
    "content-length",
    "content-type",
    "cache-control",
    "date",
    "connection",
    "server",
    "vary",
    "allow",
}
"""Headers of HTTP itself."""


def test_headers_of_every_response_are_documented_and_readable_across_origins(start: Start):
    client = start(api_keys="secret", cors_origins=["*"])
    document = client.get("/openapi.json").json()
    tensor = {"name": "headline", "shape": [1], "datatype": "BYTES", "data": ["gold"]}
    binary = {"inputs": [tensor], "parameters": {"binary_data_output": True}}
    bodies = {"predict": {"headline": "gold"}, "predictBatch": {"headlines": ["gold"]}}
    seen = set()

    def check(status: int) -> None:
        for method, path, operation in operations_of(document):
            body = bodies.get(operation["operationId"], binary)
            url = path.format(name="tiny", version="1")
            headers = {"Origin": "https://example.org"} | ({} if status == 401 else {"X-API-Key": "secret"})
            reply = client.request(method, url, headers=headers, json=body if method == "post" else None)
            if reply.status_code == status:
                sent = set(reply.headers) - DOCUMENTED_ELSEWHERE
                readable = reply.headers["access-control-expose-headers"].lower().split(", ")
                sent -= {name for name in sent if name.startswith("access-control-")}
                documented = operation["responses"][str(status)]["headers"]
                assert sent == {name.lower() for name in documented}, path
                assert sent <= set(readable), path
                seen.update(sent)

    check(200)
    check(401)
    client.app.state.service.begin_draining()
    check(503)
    assert seen == {name.lower() for name in document["components"]["headers"]}


def test_example_of_an_invalid_field_is_of_the_operation(client: TestClient):
    for name, operation in operations(client):
        for shown in operation["responses"].get("422", {"content": {}})["content"].values():
            fields = {one["field"] for given in shown["examples"].values() for one in given["value"].get("errors", ())}
            allowed = {"query.top_k"} if name.startswith("GET") else {"top_k", "headline", "explain_topic"}
            assert fields <= (set() if "/v2" in name else allowed), name


@pytest.mark.parametrize(
    ("path", "body", "schema"),
    [
        ("/predict", {"headline": "Oil prices", "explain": True}, "PredictResponse"),
        ("/predict/batch", {"headlines": ["Oil prices"]}, "BatchResponse"),
    ],
)
def test_answer_has_the_documented_fields(client: TestClient, path: str, body: dict[str, Any], schema: str) -> None:
    documented = client.get("/openapi.json").json()["components"]["schemas"][schema]["properties"]
    assert client.post(path, json=body).json().keys() == documented.keys(), (
        "app/api/schemas.py documents other fields than app/api/serialization.py writes"
    )


def test_bounds_of_probabilities_and_batches_are_documented(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    probability = schemas["Prediction"]["properties"]["probability"]
    assert (probability["minimum"], probability["maximum"]) == (0, 1)
    headlines = schemas["BatchRequest"]["properties"]["headlines"]
    assert (headlines["minItems"], headlines["maxItems"]) == (1, Settings.model_fields["max_batch"].default)


def test_header_parameters_are_optional(client: TestClient) -> None:
    headers = [
        parameter
        for _, operation in operations(client)
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "header"
    ]
    assert {header["name"] for header in headers} >= {"X-Request-Timeout"}
    assert not [header["name"] for header in headers if header["required"]]


def test_document_names_the_licence_and_no_contact(client: TestClient):
    info = client.get("/openapi.json").json()["info"]
    assert info["license"] == {"name": "Apache License 2.0", "identifier": "Apache-2.0"}
    assert "contact" not in info


@pytest.mark.parametrize("root", ["", "/prefix"])
def test_server_is_relative_to_the_document(client: TestClient, root: str):
    """So generated clients and /docs also work behind a path prefix, which may be unknown here."""
    [server] = TestClient(client.app, root_path=root).get(f"{root}/openapi.json").json()["servers"]
    assert urljoin("https://example.org/prefix/openapi.json", server["url"]) == "https://example.org/prefix/"


def test_every_error_status_has_examples_of_its_own(client: TestClient):
    seen = set()
    for name, operation in operations(client):
        path = name.partition(" ")[2]
        for status, response in operation["responses"].items():
            if status < "400":
                continue
            for example in response["content"]["application/problem+json"]["examples"].values():
                value = example["value"]
                assert (str(value["status"]), value["instance"]) == (status, path)
                assert value["title"] in response["description"]
                assert value["detail"].endswith(".")
                assert value.get("error") == (value["detail"] if path.startswith("/v2") else None)
                seen.add(status)
    assert seen == {"400", "401", "404", "408", "413", "415", "422", "500", "503", "504"}


def test_schema_of_problems_has_an_example_of_every_kind(client: TestClient):
    examples = client.get("/openapi.json").json()["components"]["schemas"]["Problem"]["examples"]
    assert {(one["type"], one["status"]) for one in examples} == {(kind.type, kind.status) for kind in KINDS}
    assert all(Problem.model_validate(one) for one in examples)


def test_every_field_of_every_schema_has_a_description(client: TestClient):
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    fields = {(name, key): one for name, schema in schemas.items() for key, one in schema.get("properties", {}).items()}
    # A reference has the description of its schema.
    assert not [field for field, one in fields.items() if not one.get("description") and "$ref" not in one]
    assert all(schema.get("description") for schema in schemas.values())


def test_every_parameter_has_a_description(client: TestClient):
    parameters = [one for _, operation in operations(client) for one in operation.get("parameters", ())]
    assert {one["name"] for one in parameters} >= {"model", "name", "version", "X-Request-Timeout"}
    assert not [one["name"] for one in parameters if not one.get("description")]


def test_document_is_not_generated_on_the_event_loop(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    """It takes a tenth of a second, in which no request would be answered."""
    threads: list[str] = []
    generate = client.app.openapi
    monkeypatch.setattr(client.app, "openapi", lambda: threads.append(threading.current_thread().name) or generate())
    assert client.get("/openapi.json").json() == generate()
    assert threads == ["AnyIO worker thread"]
