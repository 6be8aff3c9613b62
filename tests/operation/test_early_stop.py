"""SIGTERM while the process is still importing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

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
