"""schemathesis: a real process is asked, thousands of times, for what its OpenAPI document promises."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import RunningServer

CASES = 2000


@pytest.mark.slow
def test_2000_generated_requests_get_only_what_openapi_documents(tiny_bundle: Path, tmp_path: Path):
    with RunningServer(tiny_bundle, access_log=False) as server:
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json"),
            *("--checks", "all", "--max-examples", "250", "--generation-deterministic", "--no-color"),
        ]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
        [generated] = re.findall(r"([\d,]+) generated", run.stdout)
        assert int(generated.replace(",", "")) >= CASES
        assert server.predict().status == 200
    assert "a request failed" not in server.output
