"""Imports follow the layers of `[tool.importlinter]` in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

from tests.server import ROOT


def test_imports_follow_the_layers():
    # In a subprocess, because import-linter configures logging and disables existing loggers.
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
