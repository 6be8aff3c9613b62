"""Ray in a separate virtual environment; its processes listen on loopback only and send no usage statistics."""

import os
import secrets
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.environment import environment
from tests.server import ROOT

COMMAND_SECONDS = 300


@pytest.fixture(scope="session")
def ray() -> Path:
    """The folder of the environment's programs: the locked packages of the service, and the `ray` extra."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    return environment("ray", ["--require-hashes", "-r", ROOT / "requirements" / "serve.txt"], extras["ray"])


@pytest.fixture(scope="session")
def surroundings(tiny_bundle: Path) -> dict[str, str]:
    """The environment variables of all processes in these tests."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("TOPICS_", "RAY_"))}
    return inherited | {
        "TOPICS_MODEL": str(tiny_bundle),
        "RAY_AUTH_TOKEN": secrets.token_hex(16),
        "RAY_USAGE_STATS_ENABLED": "0",
        # Serve kills a proxy that is not ready after three times 5 s, which is too early on a busy machine.
        "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # on systems where Ray supports no clusters, it uses loopback
    }


class Run:
    """Programs in Ray's environment."""

    def __init__(self, programs: Path, surroundings: dict[str, str]) -> None:
        self._python = programs / "python"
        self._surroundings = surroundings

    def start(self, *arguments: object, **options: object) -> subprocess.Popen[str]:
        """`python ARGUMENTS` with pipes."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        return subprocess.Popen(
            [self._python, *map(str, arguments)], cwd=ROOT, env=self._surroundings, text=True, **pipes
        )

    def __call__(self, *arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
        """The same, waiting for its end."""
        with self.start(*arguments, stdin=subprocess.DEVNULL) as process:
            try:
                out, err = process.communicate(timeout=COMMAND_SECONDS)
            except BaseException:
                process.kill()
                raise
        assert process.returncode == status, err
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def classify(self, *arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
        """`python -m app classify ARGUMENTS`."""
        return self("-m", "app", "classify", *arguments, status=status)


@pytest.fixture(scope="session")
def run(ray: Path, surroundings: dict[str, str]) -> Run:
    return Run(ray, surroundings)


class TwoNodes:
    """Two nodes of one core each."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.address = process.stdout.readline().split()[1]

    def kill_second(self) -> None:
        """Kill the second node with SIGKILL; the first, to which clients connect, keeps running."""
        self._process.stdin.write("kill\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "killed\n"


@pytest.fixture(scope="package")
def two_nodes(run: Run) -> Iterator[TwoNodes]:
    """A cluster that several tests share; one test kills a node and leaves the other."""
    with run.start("-m", "tests.ray.running.cluster", stderr=subprocess.DEVNULL) as process:
        try:
            yield TwoNodes(process)
        finally:
            process.stdin.close()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
