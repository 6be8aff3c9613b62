"""Unmodified third-party clients against a running server get the answers of POST /predict."""

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.interop.conftest import HEADLINES
from tests.server import RunningServer

pytestmark = pytest.mark.slow

Expected = Sequence[tuple[str, float]]


def pairs(raw: Sequence[Sequence[Any]]) -> list[tuple[str, float]]:
    return [(topic, probability) for topic, probability in raw]


def test_tritonclient_answers_as_predict_and_raises_its_own_errors(ask: Callable[..., Any], expected: Expected) -> None:
    answers = ask("triton.py")
    for way in (
        "sync binary=False",
        "sync binary=True",
        "default outputs",
        "version",
        "async_infer",
        "aio binary=False",
        "aio binary=True",
    ):
        assert pairs(answers[way]) == expected, way
    assert answers["health"] == [True, True, True]
    assert answers["other"] is False
    assert answers["id"] == "42"
    server, model = answers["metadata"]
    assert "binary_tensor_data" in server["extensions"]
    assert [one["name"] for one in model["inputs"]] == ["headline"]
    assert answers["sums"] == [pytest.approx(1 if topic else 0, abs=1e-5) for topic, _ in expected]
    value, _, code = answers["classes"][0][0].split(":")
    assert (code, float(value)) == expected[0]
    assert answers["classes"][2] == ["", ""]
    for refused in ("unknown model", "aio unknown model"):
        assert "this service has tiny/1." in answers[refused]
    assert "[422] The model has no output 'score'" in answers["unknown output"]


def test_kserve_client_answers_as_predict_and_raises_its_own_errors(
    ask: Callable[..., Any], expected: Expected
) -> None:
    answers = ask("kserve_rest.py")
    assert answers["health"] == [True, True, True, False]
    assert pairs(answers["binary=False"]) == expected
    assert pairs(answers["binary=True"]) == expected
    assert (answers["id"], answers["error"]) == ("42", 404)


@pytest.mark.parametrize("options", [(), ("--binary-data",), ("--batch-size", "3")], ids=" ".join)
def test_mlserver_infer_answers_as_predict(
    interop: Path, server: RunningServer, expected: Expected, tmp_path: Path, options: tuple[str, ...]
) -> None:
    requests = [
        {"id": str(number), "inputs": [{"name": "headline", "shape": [1, 1], "datatype": "BYTES", "data": [headline]}]}
        for number, headline in enumerate(HEADLINES)
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, requests)) + "\n")
    address = server.url.removeprefix("http://")
    command = [interop / "mlserver", "infer", "-u", address, "-m", "tiny", "-i", tmp_path / "in.jsonl"]
    done = subprocess.run(
        [*command, "-o", tmp_path / "out.jsonl", *options], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    lines.sort(key=lambda line: line["parameters"]["batch_index"])
    assert [(one["outputs"][0]["data"][0], one["outputs"][1]["data"][0]) for one in lines] == expected


def test_mlserver_infer_reports_the_services_error_as_its_own(
    interop: Path, server: RunningServer, tmp_path: Path
) -> None:
    tensor = {"name": "headline", "shape": [1], "datatype": "BYTES", "data": ["gold"]}
    (tmp_path / "in.jsonl").write_text(json.dumps({"inputs": [tensor]}) + "\n")
    address = server.url.removeprefix("http://")
    command = [interop / "mlserver", "infer", "-u", address, "-m", "other", "-i", tmp_path / "in.jsonl", "-r", "1"]
    subprocess.run([*command, "-o", tmp_path / "out.jsonl"], capture_output=True, timeout=120, check=False)
    assert "this service has tiny/1." in (tmp_path / "out.jsonl").read_text()


def test_openapi_document_generates_a_working_client(
    interop: Path, server: RunningServer, ask: Callable[..., Any], expected: Expected, tmp_path: Path
) -> None:
    (tmp_path / "openapi.json").write_bytes(server.get("/openapi.json").body)
    (tmp_path / "config.yml").write_text("package_name_override: reuters_topics_client\npost_hooks: []\n")
    folder = tmp_path / "generated" / "reuters_topics_client"
    folder.parent.mkdir()
    command = [interop / "openapi-python-client", "generate", "--path", tmp_path / "openapi.json", "--meta", "none"]
    done = subprocess.run(
        [*command, "--config", tmp_path / "config.yml", "--output-path", folder, "--fail-on-warning"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONUTF8": "1"},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answers = ask("generated.py", folder.parent)
    best = [tuple(one[0]) if one else ("", 0.0) for one in answers["single"]]
    assert best == expected
    assert [tuple(one[0]) if one else ("", 0.0) for one in answers["batch"]] == expected
    assert list(zip(*answers["v2"], strict=True)) == expected
    assert answers["topics"] == 46
    assert answers["wrong"] == [422, "Request validation failed"]
