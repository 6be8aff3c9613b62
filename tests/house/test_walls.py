"""Imports run one way; `[tool.importlinter]` in pyproject.toml says which."""

import subprocess
import sys
from pathlib import Path

from tests.server import ROOT


def test_no_import_crosses_a_wall():
    # In a process of its own, because import-linter sets up logging and disables the loggers that are there.
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
