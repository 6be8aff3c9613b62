"""Part 1: cost of a classification without HTTP, measured by pytest-benchmark in a process pinned to one core."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from app.classifier import load_bundle
from app.settings import load_settings
from benchmarks.machine import MeasurementError, cores, pinned
from benchmarks.process import ROOT
from benchmarks.texts import texts

_CASES = Path(__file__).with_name("classify_benchmarks.py")


def measure(seconds: float) -> dict[str, Any]:
    """Median microseconds of each case; raises MeasurementError if pytest-benchmark is missing or a case fails."""
    core, _ = cores()
    with tempfile.TemporaryDirectory() as directory, pinned([core]):
        written = Path(directory, "benchmarks.json")
        options = [f"--benchmark-json={written}", f"--benchmark-max-time={seconds}", "--benchmark-min-rounds=3"]
        # TensorFlow emits warnings, which the project's pytest settings would turn into errors.
        options += ["--benchmark-disable-gc", "-qq", "-Wdefault", "-ofilterwarnings=", "-pno:cacheprovider"]
        finished = subprocess.run(
            [sys.executable, "-m", "pytest", str(_CASES), *options],
            cwd=ROOT,
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        if finished.returncode or not written.exists():
            raise MeasurementError(f"The benchmarks did not pass: {(finished.stdout + finished.stderr)[-3000:]}")
        measured = json.loads(written.read_text())
    return {"texts": texts(load_bundle(load_settings().model[0])).source, **tabulate(measured["benchmarks"])}


def tabulate(benchmarks: list[dict[str, Any]]) -> dict[str, Any]:
    """Turn pytest-benchmark's list into microseconds by size and case, and ratios of the other cases to `classify`."""
    medians: dict[str, dict[str, float]] = {}
    for benchmark in benchmarks:
        info = benchmark["extra_info"]
        medians.setdefault(info["size"], {})[info["what"]] = benchmark["stats"]["median"] * 1e6
    ratios = {
        size: {
            name: row[name] / row["classify"]
            for name in ("model.predict", "tf.function", "ONNX Runtime")
            if name in row
        }
        for size, row in medians.items()
    }
    return {"microseconds": medians, "ratios": ratios}
