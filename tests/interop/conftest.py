"""Clients that nobody here wrote, in a virtual environment of their own: they hold older libraries than ours."""

import hashlib
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server import ROOT, RunningServer

HERE = Path(__file__).parent
VENV = Path(os.environ.get("TOPICS_INTEROP_VENV", ROOT / ".venv-interop"))
INSTALL_SECONDS = 480

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
    group = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]["interop"]
    stamp = VENV / f"installed-{hashlib.sha256(repr(group).encode()).hexdigest()[:12]}"
    if not stamp.exists():
        try:
            subprocess.run(
                [sys.executable, "-m", "venv", "--clear", VENV], check=True, capture_output=True, timeout=120
            )
            pip = [VENV / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, *group], check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
        except (subprocess.SubprocessError, OSError) as error:
            why = str(getattr(error, "stderr", None) or error).strip().splitlines()[-1]
            pytest.skip(f"the clients of the interop group cannot be installed here: {why}")
        stamp.touch()
    return VENV / "bin"


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
