"""Imports run one way; `[tool.importlinter]` in pyproject.toml says which."""

import pytest
from importlinter import cli

from tests.server import ROOT


def test_no_import_crosses_a_wall(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)  # where importlinter looks for the packages
    assert cli.lint_imports(config_filename="pyproject.toml", no_cache=True) == cli.EXIT_STATUS_SUCCESS
