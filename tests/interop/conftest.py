"""Third-party clients in a separate virtual environment, because they need older libraries."""

import json
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.environment import environment
from tests.server import ROOT, RunningServer

HERE = Path(__file__).parent

HEADLINES = [
    "Oil prices rise as OPEC cuts crude output",
    "Wheat harvest falls",
    "Zzyzx qqq",
    "Café “quotas” — Brazil\u2019s coffee",
    "gold",
]


@pytest.fixture(scope="session")
def interop() -> Path:
    """The folder of the environment's programs; made once, and again when the dependency group changes."""
    return environment(
        "interop", tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]["interop"]
    )


@pytest.fixture(scope="session")
def server(tiny_bundle: Path) -> Iterator[RunningServer]:
    with RunningServer(tiny_bundle) as server:
        yield server


@pytest.fixture(scope="session")
def expected(server: RunningServer) -> list[tuple[str, float]]:
    """What POST /predict answers: topic and probability, "" and 0 for a headline without a known word."""
    answers = [server.predict(headline).json()["predictions"] for headline in HEADLINES]
    return [(one[0]["topic"], pytest.approx(one[0]["probability"], abs=1e-6)) if one else ("", 0.0) for one in answers]


@pytest.fixture
def ask(interop: Path, server: RunningServer) -> Callable[..., Any]:
    """Run a script of `asking/` with the clients' Python; it gets the URL and HEADLINES, and prints JSON."""

    def run(script: str, *arguments: object) -> Any:
        command = [interop / "python", HERE / "asking" / script, server.url, json.dumps(HEADLINES), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run
