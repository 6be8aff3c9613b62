"""`pip install .` gives the console script `reuters-topics` with the default bundle, and no package named `app`."""

import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from app import VERSION
from tests.server import ROOT, RunningServer

pytestmark = pytest.mark.slow

RUN = "import reuters_topics; reuters_topics.main()"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that pip would install into site-packages."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "No matching distribution found" in done.stderr:
        pytest.skip("the build backend cannot be downloaded here")
    assert done.returncode == 0, done.stderr
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site-packages")
    return folder / "site-packages"


def test_wheel_holds_one_package_and_the_licence(installed: Path):
    assert {path.name for path in installed.iterdir()} == {"reuters_topics", f"reuters_topics-{VERSION}.dist-info"}
    assert {"LICENSE", "NOTICE"} <= {
        path.name for path in (installed / f"reuters_topics-{VERSION}.dist-info").rglob("*")
    }


def test_installed_commands_run_outside_the_checkout_with_the_default_bundle(installed: Path, tmp_path: Path):
    environment = os.environ | {"PYTHONPATH": str(installed)}
    command = [sys.executable, "-c", RUN, "classify", "Oil prices rise"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert '"topic":"crude"' in done.stdout


@pytest.mark.parametrize("command", [("-m", "app"), ("-c", RUN)])
def test_sigterm_ends_a_command_of_either_name_with_the_same_status(command: tuple[str, ...]):
    environment = os.environ | {"PYTHONPATH": str(ROOT / "deploy" / "wheel")}
    with subprocess.Popen(
        [sys.executable, *command, "classify", "-f", "-"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"Oil prices rise\n")
        process.stdin.flush()
        assert b"crude" in process.stdout.readline()
        process.terminate()
        assert process.wait(30) == 128 + signal.SIGTERM


def test_installed_service_answers_with_several_workers(installed: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", str(installed))
    bundle = installed / "reuters_topics" / "models" / "headlines" / "7"
    with RunningServer(bundle, command=("-c", RUN, "serve", "--port", "0"), workers=2) as server:
        assert server.predict().json()["predictions"][0]["topic"] == "crude"
        assert server.stop() == 0
