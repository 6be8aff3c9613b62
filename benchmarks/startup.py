"""Part 3: what it takes to start, and what each worker holds and adds."""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from benchmarks import wrk
from benchmarks.machine import cores
from benchmarks.over_http import BATCH, Load, ask, write_bodies
from benchmarks.process import ROOT
from benchmarks.targets import SERVICE, TARGETS, Target

T = TypeVar("T")

WORKERS = (1, 2, 4)
_LOADS = (Load("64 clients", 64), Load(f"batches of {BATCH}, 16 clients", 16, BATCH))
_IMPORTS = "import app.__main__, app.server, app.main"
_IMPORT_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \| +(\S+)")
_IMAGE = "reuters-topics-benchmark"


def measure(seconds: float, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Start-up of every target, memory and throughput by workers, imports, and the image's size where there is Docker.

    Raises:
        MeasurementError: wrk is missing or a request failed.
    """
    wrk.install()
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        return {
            "starts": {target.name: _shown(target.name, start(target, folder, rounds), say) for target in TARGETS},
            "workers": workers(folder, seconds, rounds, say),
            "imports_ms": imports(_import_times()),
            "image_mb": _image_size(),
        }


def start(target: Target, folder: Path, rounds: int) -> dict[str, float]:
    """Medians of seconds from a process's start to ready and to the first prediction, and its CPU time until then."""
    server_core, _ = cores()
    figures = []
    for _ in range(rounds):
        with target.process(folder, [server_core]) as process:
            if target is SERVICE:
                ready = process.wait("/health/ready")
            predicted = process.wait("/predict", {"headline": "Oil prices rise"})
            if target is not SERVICE:
                ready = predicted  # they have no probe
            figures.append(
                {
                    "ready_s": ready,
                    "first_prediction_s": predicted,
                    "cpu_s": process.cpu_seconds(),
                    "resident_mb": process.memory()[0]["resident"],
                }
            )
    return {name: statistics.median(one[name] for one in figures) for name in figures[0]}


def workers(folder: Path, seconds: float, rounds: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Memory of each worker once it has worked, and headlines a second over as many cores as there are workers.

    The numbers of workers take turns, and what several gain is the median of each round's own ratio, so that slow
    rounds cancel out.
    """
    runs: dict[int, list[dict[str, Any]]] = {count: [] for count in WORKERS}
    bodies = write_bodies(folder)
    for _ in range(rounds):
        for count in WORKERS:
            runs[count].append(_shown(f"{count} workers", _run(count, folder, bodies, seconds), say))
    return summary(runs)


def summary(runs: Mapping[int, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Medians by number of workers, smallest first; memory as the last round had it."""
    alone = runs[WORKERS[0]]
    return [
        {
            "workers": count,
            "cores": each[-1]["cores"],
            "memory_mb": each[-1]["memory_mb"],
            "headlines_per_second": {load.name: statistics.median(one[load.name] for one in each) for load in _LOADS},
            "against_one": {
                load.name: statistics.median(a[load.name] / b[load.name] for a, b in zip(each, alone, strict=True))
                for load in _LOADS
            },
        }
        for count, each in runs.items()
    ]


def _run(count: int, folder: Path, bodies: Mapping[int, Path], seconds: float) -> dict[str, Any]:
    """The load generator runs on the workers' cores, however many.

    Were it beside one worker only on a core of its own, two would be held against one that has a whole core.
    """
    usable = sorted(os.sched_getaffinity(0))[:count]
    with SERVICE.process(folder, usable, workers=count) as process:
        process.wait("/health/ready")
        rates = {
            load.name: ask(process, load, bodies[load.headlines], seconds, usable)["headlines_per_second"]
            for load in _LOADS
        }
        return {"cores": len(usable), "memory_mb": process.memory(), **rates}


def imports(report: str) -> dict[str, float]:
    """Milliseconds by top-level package, the slowest ten first, from what `python -X importtime` says."""
    packages: dict[str, float] = {}
    for microseconds, module in _IMPORT_LINE.findall(report):
        package = module.partition(".")[0]
        packages[package] = packages.get(package, 0.0) + int(microseconds) / 1000
    slowest = sorted(packages, key=packages.__getitem__, reverse=True)[:10]
    return {"all": sum(packages.values())} | {package: packages[package] for package in slowest}


def _import_times() -> str:
    command: Sequence[str] = [sys.executable, "-X", "importtime", "-c", _IMPORTS]
    for _ in range(2):  # the first time may compile
        finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return finished.stderr


def _image_size() -> float | None:
    """MB of the service's image; None where Docker or the Dockerfile is not there, or it cannot be built."""
    if not shutil.which("docker") or not (ROOT / "Dockerfile").exists():
        return None
    try:
        subprocess.run(
            ["docker", "build", "-q", "-t", _IMAGE, "."], cwd=ROOT, check=True, timeout=500, capture_output=True
        )
        command = ["docker", "image", "inspect", "-f", "{{.Size}}", _IMAGE]
        return int(subprocess.run(command, check=True, timeout=30, capture_output=True).stdout) / 1e6
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None


def _shown(name: str, figures: T, say: Callable[[str], None]) -> T:
    say(f"{name}: {figures}")
    return figures
