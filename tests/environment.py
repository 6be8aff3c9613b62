"""Separate virtual environments for tests whose packages must not be in the project's environment."""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.server import ROOT

INSTALL_SECONDS = 480


def environment(name: str, *requirements: Sequence[object]) -> Path:
    """The folder of the programs of an environment, made once, and again when the requirements change.

    Each of `requirements` is what one `pip install` gets. The folder is TEST_<NAME>_VENV, else `.venv-<name>`; the
    test skips if the packages cannot be installed.
    """
    folder = Path(os.environ.get(f"TEST_{name.upper()}_VENV", ROOT / f".venv-{name}"))
    with Path(f"{folder}.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several processes run the tests
        _install(folder, name, requirements)
    return folder / "bin"


def _install(folder: Path, name: str, requirements: Sequence[Sequence[object]]) -> None:
    said = [(one, one.read_text("utf-8") if isinstance(one, Path) else "") for some in requirements for one in some]
    stamp = folder / f"installed-{hashlib.sha256(repr(said).encode()).hexdigest()[:12]}"
    if not stamp.exists():
        try:
            subprocess.run(
                [sys.executable, "-m", "venv", "--clear", folder], check=True, capture_output=True, timeout=120
            )
            pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            for some in requirements:
                subprocess.run([*pip, *some], check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
        except (subprocess.SubprocessError, OSError) as error:
            why = str(getattr(error, "stderr", None) or error).strip().splitlines()[-1]
            pytest.skip(f"the packages of {name} cannot be installed here: {why}")
        stamp.touch()
