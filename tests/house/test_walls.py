"""Imports follow the layers of `[tool.importlinter]` in pyproject.toml, which docs/architecture.md names."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.server import ROOT


def test_imports_follow_the_layers():
    # In a subprocess, because import-linter configures logging and disables existing loggers.
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_architecture_page_names_the_layers():
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    layers = ["; ".join(contract["layers"]) for contract in linter["contracts"] if contract["type"] == "layers"]
    assert len(layers) == 2
    expected = [re.sub(r"\w+", r"`\g<0>`", line).replace(" :", ",") for line in layers]
    assert [line for line in expected if line not in page] == [], "docs/architecture.md, under Packages: write these"
