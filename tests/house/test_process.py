"""Modules and memory of a serving process with the shipped bundle."""

import json
import re
import subprocess
import sys
from pathlib import Path

from app.settings import load_settings
from tests.server import ROOT, RunningServer

LOADED = """
import json, sys
from starlette.testclient import TestClient
import app.server.run
from app.main import create_app
from app.settings import load_settings
with TestClient(create_app(load_settings(access_log=False))) as client:
    assert client.post("/predict", json={"headline": "Oil prices rise"}).status_code == 200
print(json.dumps(sorted(sys.modules)))
"""

RESIDENT_MB = 120


def test_serving_imports_nothing_that_it_does_not_use():
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = set(json.loads(done.stdout.splitlines()[-1]))
    packages = {name.partition(".")[0] for name in modules}
    assert "app" in packages
    assert packages.isdisjoint({"tensorflow", "keras", "training", "matplotlib", "sklearn", "ray", "pyarrow", "rich"})
    assert packages.isdisjoint({"h5py", "scipy", "topics_client", "benchmarks", "tests", "websockets", "yaml"})
    assert "numpy.random" not in modules


def test_resident_memory_stays_below_the_bar_while_full_batches_are_answered():
    batch = {"headlines": ["Oil prices rise as OPEC agrees to cut output"] * 1000}
    with RunningServer(load_settings().model[0], access_log=False) as server:
        for _ in range(5):
            assert server.request("POST", "/predict/batch", batch).status == 200
        status = Path(f"/proc/{server.pid}/status").read_text()
        resident = int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1000
    assert resident < RESIDENT_MB
