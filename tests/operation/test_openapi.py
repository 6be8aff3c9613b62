"""schemathesis sends thousands of requests to a real process and checks the responses against OpenAPI."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import RunningServer

CASES = 1000
CONFIG = """
# All checks are on, but for:
[checks]
# 503 and 504 are documented; a deadline of 5e-324 seconds is a right request that passes it.
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 503, 504]
# JSON Schema counts 27.0 among the integers and strict JSON does not; nor can a schema say that a tensor's shape
# must fit its data, or how much of a body is binary. What is right must be accepted: tests/app/api/test_hostile.py.
positive_data_acceptance.enabled = false

[[operations]]
include-path-regex = "/infer$"
# It takes an unknown header for wrong data, which HTTP says to ignore.
checks.negative_data_rejection.enabled = false
"""


@pytest.mark.slow
def test_1000_generated_requests_get_only_what_openapi_documents(tiny_bundle: Path, tmp_path: Path):
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    with RunningServer(tiny_bundle, access_log=False) as server:
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json"),
            *("--max-examples", "25", "--generation-deterministic", "--no-color"),
        ]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
        [generated] = re.findall(r"([\d,]+) generated", run.stdout)
        assert int(generated.replace(",", "")) >= CASES
        assert server.predict().status == 200
    assert "a request failed" not in server.output
