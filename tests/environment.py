"""Separate virtual environments for tests whose packages must not be in the project's environment."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.environment import InstallationError, install
from tests.server import ROOT


def environment(name: str, *requirements: Sequence[object]) -> Path:
    """The folder of the programs of an environment, made once, and again when the requirements change.

    Each of `requirements` is what one `pip install` gets. The folder is TEST_<NAME>_VENV, else `.venv-<name>`; the
    test skips if the packages cannot be installed.
    """
    try:
        return install(Path(os.environ.get(f"TEST_{name.upper()}_VENV", ROOT / f".venv-{name}")), *requirements)
    except InstallationError as error:
        pytest.skip(f"the packages of {name} cannot be installed here: {error}")
