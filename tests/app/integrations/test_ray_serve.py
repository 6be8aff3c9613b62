"""Entry points limit BLAS to one thread before NumPy is imported, because OpenBLAS reads the variable only then."""

import os
import subprocess
import sys

import pytest

from tests.server import ROOT

NOTE_THREADS = """
import importlib.abc, os, sys, types

class Note(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "numpy":
            print(os.environ.get("OPENBLAS_NUM_THREADS"))

serve = types.SimpleNamespace(
    deployment=lambda cls: types.SimpleNamespace(bind=lambda: cls), ingress=lambda build: lambda cls: cls
)
sys.modules["ray"] = types.SimpleNamespace(serve=serve)
sys.meta_path.insert(0, Note())
import MODULE
"""


@pytest.mark.parametrize("module", ["app.integrations.ray_serve", "app.__main__"])
@pytest.mark.parametrize("given", [None, "3"])
def test_numpy_finds_one_thread_unless_the_user_chose_another_number(module: str, given: str | None):
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    environment |= {} if given is None else {"OPENBLAS_NUM_THREADS": given}
    command = [sys.executable, "-c", NOTE_THREADS.replace("MODULE", module)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == [given or "1"]
