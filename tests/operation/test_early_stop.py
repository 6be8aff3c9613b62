"""SIGTERM and Ctrl-C while the process is still importing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import ROOT


def test_sigterm_during_imports_is_handled_so_that_process_1_of_a_container_stops_too(tmp_path: Path):
    # Imported instead of NumPy, when nothing of the server is running yet.
    (tmp_path / "numpy.py").write_text("import os, signal, time\nos.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(9)")
    done = subprocess.run(
        [sys.executable, "-m", "app", "serve", "--port", "0"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 128 + signal.SIGTERM  # not -15, the default action, which does not apply to process 1


IMPORT_THAT_CHANGES_EXCEPTIONS = """
import os, runpy, sys, time

_, module, number, program, *arguments = sys.argv

class Finder:
    def find_spec(self, name, *_):
        if name == module:
            try:
                os.kill(os.getpid(), int(number))
                time.sleep(0.01)
            except BaseException:
                raise ValueError("no schema") from None

sys.meta_path.insert(0, Finder())
sys.argv[1:] = arguments
runpy.run_module(program, run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize(
    ("module", "number", "arguments", "status"),
    [
        ("numpy", signal.SIGTERM, ["app", "serve", "--port", "0"], 128 + signal.SIGTERM),
        ("numpy", signal.SIGINT, ["app", "classify", "oil"], 128 + signal.SIGINT),
        ("numpy", signal.SIGINT, ["training", "--help"], 128 + signal.SIGINT),
        ("fastapi", signal.SIGTERM, ["app", "serve", "--port", "0"], 128 + signal.SIGTERM),
        ("fastapi", signal.SIGTERM, ["app", "doctor", "--port", "0"], 128 + signal.SIGTERM),
        ("uvloop", signal.SIGTERM, ["app", "serve", "--port", "0"], 0),
    ],
)
def test_signal_in_an_import_that_changes_exceptions_ends_the_process_without_a_message(
    module: str, number: signal.Signals, arguments: list[str], status: int
):
    """As in pydantic-core, which builds a schema: "Unexpected SchemaError" was printed, with status 70."""
    line = [sys.executable, "-c", IMPORT_THAT_CHANGES_EXCEPTIONS, module, str(int(number)), *arguments]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (status, b"")
