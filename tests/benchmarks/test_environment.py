import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import environment
from benchmarks.environment import InstallationError, install


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that are run, of which those of uv fail."""
    found: list[list[str]] = []

    def run(command: Sequence[object]) -> None:
        found.append([str(one) for one in command])
        if Path(found[-1][0]).name == "uv":
            raise subprocess.CalledProcessError(2, "uv", stderr="error: no such index")
        if "broken" in found[-1]:
            raise subprocess.CalledProcessError(1, "pip", stderr="Looking\nERROR: No matching distribution")
        if "venv" in found[-1]:
            Path(found[-1][-1]).mkdir()

    monkeypatch.setattr(environment, "_run", run)
    return found


def test_pip_installs_what_uv_cannot_and_only_once(commands: list[list[str]], tmp_path: Path) -> None:
    for _ in range(2):
        assert install(tmp_path / "one", ["numpy"]) == tmp_path / "one" / "bin"
    assert [command[1:3] for command in commands] == [["-m", "venv"], ["pip", "install"], ["-m", "pip"]]


def test_failure_of_both_is_reported_in_pips_words(commands: list[list[str]], tmp_path: Path) -> None:
    with pytest.raises(InstallationError, match=r"^ERROR: No matching distribution$"):
        install(tmp_path / "one", ["broken"])
    assert len(commands) == 3
