"""The Open Inference Protocol over HTTP: its specification, and the same results and limits as /predict."""

import json
import struct
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings

HEADLINES = ["Oil prices rise as OPEC cuts crude output", "Wheat harvest falls", "Zzyzx qqq"]
INFER = "/v2/models/tiny/infer"


def request(headlines: list[str], shape: list[int] | None = None, **fields: object) -> dict[str, object]:
    tensor = {"name": "headline", "shape": shape or [len(headlines)], "datatype": "BYTES", "data": headlines}
    return {"inputs": [tensor], **fields}


def binary_request(headlines: list[bytes], **fields: object) -> tuple[bytes, dict[str, str]]:
    binary = b"".join(struct.pack("<I", len(one)) + one for one in headlines)
    tensor = {
        "name": "headline",
        "shape": [len(headlines)],
        "datatype": "BYTES",
        "parameters": {"binary_data_size": len(binary)},
    }
    head = json.dumps({"inputs": [tensor], **fields}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head)), "Content-Type": "application/octet-stream"}
    return head + binary, headers


def tensor_with(**changes: object) -> dict[str, object]:
    tensor = {"name": "headline", "shape": [1], "datatype": "BYTES", "data": ["gold"]} | changes
    return {"inputs": [{name: value for name, value in tensor.items() if value is not None}]}


def outputs(body: dict) -> dict[str, dict]:
    return {one["name"]: one for one in body["outputs"]}


@pytest.mark.parametrize("path", ["/v2/models/tiny/infer", "/v2/models/tiny/versions/1/infer"])
@pytest.mark.parametrize("shape", [[3], [3, 1]])
def test_answers_are_those_of_predict(client: TestClient, path: str, shape: list[int]) -> None:
    body = client.post(path, json=request(HEADLINES, shape, id="42")).json()
    singles = [client.post("/predict", json={"headline": one, "top_k": 1}).json() for one in HEADLINES]
    assert (body["model_name"], body["model_version"], body["id"]) == ("tiny", "1", "42")
    assert body["outputs"] == [
        {
            "name": "topic",
            "shape": [3],
            "datatype": "BYTES",
            "data": [one["predictions"][0]["topic"] for one in singles[:2]] + [""],
        },
        {
            "name": "probability",
            "shape": [3],
            "datatype": "FP32",
            "data": [one["predictions"][0]["probability"] for one in singles[:2]] + [0.0],
        },
    ]


def test_nested_data_is_flattened(client: TestClient) -> None:
    nested = request(HEADLINES, [3, 1])
    nested["inputs"][0]["data"] = [[one] for one in HEADLINES]
    flat = client.post(INFER, json=request(HEADLINES, [3, 1])).json()
    assert client.post(INFER, json=nested).json()["outputs"] == flat["outputs"]


def test_id_not_given_is_the_request_id(client: TestClient) -> None:
    answer = client.post(INFER, json=request(HEADLINES), headers={"X-Request-ID": "mine-1"})
    assert answer.json()["id"] == answer.headers["X-Request-ID"] == "mine-1"


def test_probabilities_are_all_46_in_label_order(client: TestClient) -> None:
    asked = request(HEADLINES, outputs=[{"name": "probabilities"}])
    [tensor] = client.post(INFER, json=asked).json()["outputs"]
    assert (tensor["shape"], tensor["datatype"]) == ([3, 46], "FP32")
    rows = [tensor["data"][start : start + 46] for start in (0, 46, 92)]
    predictions = client.post("/predict", json={"headline": HEADLINES[0], "top_k": 46}).json()["predictions"]
    assert rows[0] == [one["probability"] for one in sorted(predictions, key=lambda one: one["label"])]
    assert sum(rows[1]) == pytest.approx(1, abs=1e-5)
    assert rows[2] == [0.0] * 46


def test_classification_gives_value_index_label(client: TestClient) -> None:
    asked = request(HEADLINES, outputs=[{"name": "probabilities", "parameters": {"classification": 2}}])
    [tensor] = client.post(INFER, json=asked).json()["outputs"]
    assert (tensor["shape"], tensor["datatype"]) == ([3, 2], "BYTES")
    value, index, label = tensor["data"][0].split(":")
    best = client.post("/predict", json={"headline": HEADLINES[0]}).json()["predictions"][0]
    assert (float(value), int(index), label) == (best["probability"], 16, "crude")
    assert tensor["data"][4:] == ["", ""]


def test_abstained_has_the_reason(client: TestClient) -> None:
    asked = request(HEADLINES, outputs=[{"name": "abstained"}])
    assert outputs(client.post(INFER, json=asked).json())["abstained"]["data"] == ["", "", "no_known_words"]


def test_binary_tensors_in_and_out_equal_json(client: TestClient) -> None:
    names = ["topic", "probability", "probabilities"]
    body, headers = binary_request(
        [one.encode() for one in HEADLINES],
        outputs=[{"name": name, "parameters": {"binary_data": True}} for name in names],
    )
    answer = client.post(INFER, content=body, headers=headers)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    length = int(answer.headers["Inference-Header-Content-Length"])
    head, rest = json.loads(answer.content[:length]), answer.content[length:]
    sizes = [one["parameters"]["binary_data_size"] for one in head["outputs"]]
    assert len(rest) == sum(sizes)
    assert sizes[1:] == [3 * 4, 3 * 46 * 4]
    plain = outputs(client.post(INFER, json=request(HEADLINES, outputs=[{"name": name} for name in names])).json())
    topics = b"".join(struct.pack("<I", len(one)) + one.encode() for one in plain["topic"]["data"])
    assert rest[: sizes[0]] == topics
    assert list(struct.unpack("<3f", rest[sizes[0] : sizes[0] + 12])) == pytest.approx(plain["probability"]["data"])
    assert list(struct.unpack("<138f", rest[sizes[0] + 12 :])) == pytest.approx(plain["probabilities"]["data"])


def test_binary_data_output_holds_unless_an_output_says_otherwise(client: TestClient) -> None:
    asked = request(
        HEADLINES,
        parameters={"binary_data_output": True},
        outputs=[{"name": "topic", "parameters": {"binary_data": False}}, {"name": "probability"}],
    )
    answer = client.post(INFER, json=asked)
    length = int(answer.headers["Inference-Header-Content-Length"])
    topic, probability = json.loads(answer.content[:length])["outputs"]
    assert topic["data"][:2] == ["crude", "grain"]
    assert probability["parameters"] == {"binary_data_size": len(answer.content) - length}


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/v2/models/other", "this service has tiny/1"),
        ("/v2/models/tiny/versions/2", "this service has tiny/1"),
        ("/v2/models/tiny/versions/2/ready", "this service has tiny/1"),
        ("/v2/nothing", "There is no endpoint at '/v2/nothing'"),
    ],
)
def test_unknown_model_or_path_is_404_with_error(client: TestClient, path: str, detail: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert detail in answer.json()["error"]
    assert answer.json()["error"] == answer.json()["detail"]


def test_infer_of_unknown_model_is_404(client: TestClient) -> None:
    assert client.post("/v2/models/other/infer", json=request(HEADLINES)).status_code == 404


def test_problems_elsewhere_have_no_error_string(client: TestClient) -> None:
    assert "error" not in client.post("/predict", json={}).json()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (tensor_with(name="text"), "takes one input, 'headline'"),
        ({"inputs": []}, "the request has: none"),
        (
            {"inputs": tensor_with()["inputs"] * 2},
            "takes one input, 'headline', but the request has: 'headline', 'headline'",
        ),
        (tensor_with(datatype="FP32"), "must be of datatype BYTES, not 'FP32'"),
        (tensor_with(shape=[2]), "shape [2] and 1 elements"),
        (tensor_with(shape=[1, 1, 1]), "shape [1, 1, 1]"),
        (tensor_with(shape=[0], data=[]), "must not be empty"),
        (tensor_with(data=[""]), "must not be empty"),
        (tensor_with(data=[7]), "must be a string"),
        (tensor_with(data=None), "neither data nor a binary_data_size"),
        (tensor_with(data=None, parameters={"binary_data_size": 9}), "binary_data_size is 9, but 0 bytes"),
        (tensor_with() | {"outputs": [{"name": "score"}]}, "no output 'score'; it has topic, probability"),
        (
            tensor_with() | {"outputs": [{"name": "topic", "parameters": {"classification": 3}}]},
            "The classification parameter applies only to 'probabilities'",
        ),
        (
            tensor_with() | {"outputs": [{"name": "probabilities", "parameters": {"classification": 47}}]},
            "must be from 1 to 46, but it is 47",
        ),
        (
            tensor_with() | {"outputs": [{"name": "topic", "parameters": {"binary_data": "yes"}}]},
            "parameters.binary_data: must be true or false",
        ),
        ({"outputs": []}, "inputs: is missing"),
    ],
)
def test_wrong_tensor_is_422_that_says_why(client: TestClient, body: dict, words: str) -> None:
    answer = client.post(INFER, json=body)
    assert answer.status_code == 422
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    ("datatype", "data"), [("FP32", [1.5]), ("INT64", [1]), ("BOOL", [[True]]), ("BYTES ", ["gold"]), ("UINT8", None)]
)
def test_input_of_another_datatype_must_be_bytes_whatever_its_elements(
    client: TestClient, datatype: str, data: object
) -> None:
    answer = client.post(INFER, json=tensor_with(datatype=datatype, data=data))
    assert answer.status_code == 422
    assert answer.json()["detail"] == (
        f"The input must be of datatype BYTES, not '{datatype}'; send the headlines as strings."
    )


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        ([7], "inputs.0.data.0: must be a string."),
        (["gold", 7], "inputs.0.data.1: must be a string."),
        ([["gold", 7]], "inputs.0.data.0.1: must be a string."),
        ([["gold"], "oil"], "inputs.0.data.1: must be an array."),
        ([[["gold"]]], "inputs.0.data.0.0: must be a string."),
        ("gold", "inputs.0.data: must be an array."),
        ([""], "inputs.0.data.0: must not be empty."),
        (["gold", "a" * 20_001], "inputs.0.data.1: must have at most 20,000 characters."),
        ([], "inputs.0.data: must not be empty."),
    ],
)
def test_wrong_element_is_one_error_with_its_position_in_the_request(
    client: TestClient, data: object, detail: str
) -> None:
    body = client.post(INFER, json=tensor_with(data=data, shape=[len(data) if isinstance(data, list) else 1])).json()
    assert (body["status"], body["detail"], len(body["errors"])) == (422, detail, 1)


@pytest.mark.parametrize(
    ("binary", "words"),
    [
        (b"\x04\x00\x00\x00go", "Element 0 of the input is longer"),
        (b"\x01\x00", "Element 0 of the input is longer"),
        (b"\x02\x00\x00\x00\xff\xfe", "Element 0 of the input is not UTF-8"),
        (b"\x01\x00\x00\x00a\xff\xff\xff\xffb", "Element 1 of the input is longer"),
    ],
)
def test_damaged_binary_tensor_is_422(client: TestClient, binary: bytes, words: str) -> None:
    head = json.dumps(tensor_with(data=None, shape=[2], parameters={"binary_data_size": len(binary)})).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    answer = client.post(INFER, content=head + binary, headers=headers)
    assert answer.status_code == 422
    assert words in answer.json()["error"]


@pytest.mark.parametrize("shape", [[], [0], [2], [2, 1]])
def test_binary_elements_beyond_the_shape_are_422_before_they_are_read(client: TestClient, shape: list[int]) -> None:
    head = json.dumps(tensor_with(data=None, shape=shape, parameters={"binary_data_size": 12})).encode()
    answer = client.post(INFER, content=head + bytes(12), headers={"Inference-Header-Content-Length": str(len(head))})
    assert answer.status_code == 422
    assert answer.json()["error"] == f"The input has shape {shape}, but its bytes hold more elements."


def test_bytes_that_no_input_asked_for_are_422(client: TestClient) -> None:
    head = json.dumps(tensor_with()).encode()
    answer = client.post(INFER, content=head + b"rest", headers={"Inference-Header-Content-Length": str(len(head))})
    assert answer.status_code == 422
    assert "4 bytes follow the JSON" in answer.json()["error"]


@pytest.mark.parametrize("length", ["-1", "x", "99999", "9" * 400, ""])
def test_impossible_header_length_is_422(client: TestClient, length: str) -> None:
    answer = client.post(INFER, json=request(HEADLINES), headers={"Inference-Header-Content-Length": length})
    assert answer.status_code == 422
    assert "Inference-Header-Content-Length" in answer.json()["error"]


def test_not_json_is_400(client: TestClient) -> None:
    answer = client.post(INFER, content=b"{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("The body is not JSON")


def test_compressed_body_is_415(client: TestClient) -> None:
    assert client.post(INFER, json=request(HEADLINES), headers={"Content-Encoding": "gzip"}).status_code == 415


def test_wrong_input_of_any_size_is_422_and_not_a_batch_that_is_too_large(client: TestClient) -> None:
    for changes, words in (({"datatype": "FP32"}, "must be of datatype BYTES"), ({"name": "x"}, "takes one input")):
        binary = {"data": None, "shape": [1, 3000], "parameters": {"binary_data_size": 4}}
        answer = client.post(INFER, json=tensor_with(**changes, **binary))
        assert (answer.status_code, words in answer.json()["error"]) == (422, True)


def test_batch_over_limit_is_413(client: TestClient) -> None:
    answer = client.post(INFER, json=request(["gold"] * 11))
    assert answer.status_code == 413
    assert answer.json()["error"].startswith("inputs.0.shape: must have at most 10 texts, but has 11")
    assert [one["field"] for one in answer.json()["errors"]] == ["inputs.0.shape"]


@pytest.mark.parametrize(("shape", "status"), [([2_000_000], 413), ([3, 700_000], 413), ([1], 422), ([10, 1], 422)])
def test_millions_of_empty_elements_are_refused_before_they_are_made(
    client: TestClient, shape: list[int], status: int
) -> None:
    binary = bytes(8_000_000)
    head = json.dumps(tensor_with(data=None, shape=shape, parameters={"binary_data_size": len(binary)})).encode()
    begun = time.process_time()
    answer = client.post(INFER, content=head + binary, headers={"Inference-Header-Content-Length": str(len(head))})
    assert answer.status_code == status
    assert time.process_time() - begun < 0.3


@pytest.mark.parametrize("times", [2, 5000, 100_000])
def test_output_asked_for_twice_is_422_whatever_it_would_have_cost(client: TestClient, times: int) -> None:
    body = json.dumps(request(["gold"] * 10, outputs=[{"name": "probabilities"}] * times))
    begun = time.process_time()
    answer = client.post(INFER, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert ("'probabilities' is requested twice" if times == 2 else "at most 8 elements") in answer.json()["error"]
    assert time.process_time() - begun < 2


def test_all_outputs_at_once_are_given_in_the_order_asked_for(client: TestClient) -> None:
    names = ["abstained", "probabilities", "probability", "topic"]
    body = client.post(INFER, json=request(HEADLINES, outputs=[{"name": name} for name in names])).json()
    assert [one["name"] for one in body["outputs"]] == names


LONG = "\x01\u0394" * 1_000_000
HOSTILE_VALUES = {
    "input name": tensor_with(name=LONG),
    "input names": {"inputs": [tensor_with(name=LONG[:300_000])["inputs"][0]] * 3},
    "datatype": tensor_with(datatype=LONG),
    "output name": tensor_with() | {"outputs": [{"name": LONG}]},
    "binary_data_size": tensor_with(data=None, parameters={"binary_data_size": LONG}),
    "binary_data_output": tensor_with() | {"parameters": {"binary_data_output": LONG}},
    "binary_data": tensor_with() | {"outputs": [{"name": "topic", "parameters": {"binary_data": LONG}}]},
    "classification": tensor_with() | {"outputs": [{"name": "probabilities", "parameters": {"classification": LONG}}]},
    "number": tensor_with(shape=[10**4000]),
    "shape": tensor_with(shape=[1] * 200_000),
    "id": tensor_with() | {"id": LONG},
    "inputs": {"inputs": tensor_with()["inputs"] * 20_000},
}


@pytest.mark.parametrize("name", HOSTILE_VALUES)
def test_wrong_value_of_any_size_is_quoted_in_part(client: TestClient, name: str) -> None:
    answer = client.post(INFER, json=HOSTILE_VALUES[name])
    assert answer.status_code == 422
    assert len(answer.json()["error"]) < 1_000
    assert len(answer.content) < 10_000


def test_wrong_header_of_any_size_is_quoted_in_part(client: TestClient) -> None:
    for header in ("Inference-Header-Content-Length", "X-Request-Timeout"):
        answer = client.post(INFER, json=request(HEADLINES), headers={header: "x" * 5000})
        assert answer.status_code == 422
        assert "x" * 150 in answer.json()["error"]
        assert len(answer.json()["error"]) < 400


def test_parameters_of_any_number_are_ignored_and_not_kept(client: TestClient) -> None:
    many = {f"p{number}": [number] for number in range(50_000)}
    asked = request(HEADLINES, parameters=many, outputs=[{"name": "topic", "parameters": many}])
    asked["inputs"][0]["parameters"] = many
    answer = client.post(INFER, json=asked)
    assert answer.status_code == 200
    assert len(answer.content) < 1_000


def test_text_over_limit_is_422(client: TestClient) -> None:
    assert client.post(INFER, json=request(["gold " * 4001])).status_code == 422


def test_infer_counts_in_the_same_metrics(tiny_bundle: Path) -> None:
    with TestClient(create_app(Settings(model=tiny_bundle, access_log=False))) as client:
        client.post(INFER, json=request(HEADLINES))
        metrics = client.get("/metrics").text
    assert "topics_headlines_total 3.0" in metrics
    assert 'http_requests_total{method="POST",route="/v2/models/{name}/infer",status="200"} 1.0' in metrics


def test_infer_past_its_deadline_is_504(client: TestClient) -> None:
    answer = client.post(INFER, json=request(HEADLINES), headers={"X-Request-Timeout": "1e-9"})
    assert answer.status_code == 504
    assert "not ready within" in answer.json()["error"]


def test_infer_without_key_is_401_but_health_is_open(tiny_bundle: Path) -> None:
    with TestClient(create_app(Settings(model=tiny_bundle, access_log=False, api_keys="k"))) as client:
        assert client.post(INFER, json=request(HEADLINES)).status_code == 401
        assert client.post(INFER, json=request(HEADLINES), headers={"X-API-Key": "k"}).status_code == 200
        assert client.get("/v2/health/ready").status_code == 200


def test_draining_is_503_with_error(tiny_bundle: Path) -> None:
    app = create_app(Settings(model=tiny_bundle, access_log=False))
    with TestClient(app) as client:
        app.state.service.begin_draining()
        for path in ("/v2/health/ready", "/v2/models/tiny/ready"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert "shutting down" in answer.json()["error"]


def test_document_has_every_parameter_of_infer(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    infer = document["paths"]["/v2/models/{name}/versions/{version}/infer"]["post"]
    assert {one["name"] for one in infer["parameters"]} == {
        "name",
        "version",
        "X-Request-ID",
        "X-Request-Timeout",
        "Inference-Header-Content-Length",
    }
    # Only JSON: of a choice of types, generators make clients that send none, or a body of one type as another.
    assert set(infer["requestBody"]["content"]) == {"application/json"}
    assert set(infer["responses"]["200"]["content"]) == {"application/json", "application/octet-stream"}
    assert document["components"]["schemas"]["InferRequest"]["examples"]
    assert {"200", "400", "401", "404", "413", "415", "422", "503", "504"} <= set(infer["responses"])
