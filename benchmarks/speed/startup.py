"""Part 3: start-up time, and memory and throughput by number of workers."""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

from benchmarks import wrk
from benchmarks.machine import cores
from benchmarks.process import ROOT, Process
from benchmarks.speed.apis import OWN
from benchmarks.speed.loads import LOADS, Load, write_bodies
from benchmarks.speed.targets import SERVICE, Target, installed

T = TypeVar("T")

WORKERS = (1, 2, 4)
Turn = dict[int, dict[str, float]]
"""Headlines per second by number of workers and load."""

_LOADS = LOADS[2:]
_IMPORTS = "import app.__main__, app.server.run, app.main"
_IMPORT_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \| +(\S+)")
_IMAGE = "reuters-topics-benchmark"


def measure(seconds: float, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Start-up of every target, memory and throughput by workers, import times, and the size of the image.

    Raises:
        MeasurementError: wrk is missing or a request failed.
    """
    wrk.install()
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        return {
            "starts": {
                target.name: _shown(target.name, start(target, folder, rounds), say) for target in installed(say)
            },
            "workers": workers(folder, seconds, rounds, say),
            "imports_ms": imports(_import_times()),
            "image_mb": _image_size(),
        }


def start(target: Target, folder: Path, rounds: int) -> dict[str, float]:
    """Median seconds from a process's start to ready and to the first prediction, and its CPU time until then."""
    server_core, _ = cores()
    figures = []
    for _ in range(rounds):
        with target.process(folder, [server_core]) as process:
            ready = process.wait("/health/ready") if target is SERVICE else None  # only the service has a probe
            predicted = process.wait(target.api.single, target.api.body(["Oil prices rise"]))
            figures.append(
                {
                    "ready_s": predicted if ready is None else ready,
                    "first_prediction_s": predicted,
                    "cpu_s": process.cpu_seconds(),
                    "resident_mb": process.resident_mb(),
                }
            )
    return {name: statistics.median(start[name] for start in figures) for name in figures[0]}


def workers(folder: Path, seconds: float, rounds: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Memory of each worker after load, and headlines per second on as many cores as workers.

    Each round has `seconds` passes over all numbers of workers, ascending and descending.
    """
    bodies = write_bodies(folder)
    held = {count: _shown(f"{count} workers, MB", _memory(count, folder, bodies), say) for count in WORKERS}
    turns = [turn for _ in range(rounds) for turn in _turns(folder, bodies, max(1, round(seconds)), say)]
    return summary(held, turns)


def summary(held: Mapping[int, Sequence[Mapping[str, float]]], turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """Medians by ascending number of workers, and the gain over one worker as the median of each turn's ratio."""
    return [
        {
            "workers": count,
            "cores": len(_cores(count)),
            "memory_mb": memory,
            "headlines_per_second": {
                load.name: statistics.median(turn[count][load.name] for turn in turns) for load in _LOADS
            },
            "against_one": {
                load.name: statistics.median(turn[count][load.name] / turn[WORKERS[0]][load.name] for turn in turns)
                for load in _LOADS
            },
        }
        for count, memory in held.items()
    ]


def _memory(count: int, folder: Path, bodies: Mapping[int, Path]) -> list[dict[str, float]]:
    """Memory of each worker, with no other service running, because services would share pages."""
    with _service(count, folder) as process:
        _ready(process)
        for load in _LOADS:
            _rate(process, count, load, bodies)
        return process.memory()


def _turns(folder: Path, bodies: Mapping[int, Path], passes: int, say: Callable[[str], None]) -> Iterator[Turn]:
    """Measure services of all sizes for a second each in turn, ascending and descending.

    The speed of a core varies by a quarter from one second to another; ratios of adjacent measurements are steady.
    """
    with ExitStack() as running:
        processes = {count: running.enter_context(_service(count, folder)) for count in WORKERS}
        for process in processes.values():
            _ready(process)
        for _ in range(passes):
            for counts in (WORKERS, WORKERS[::-1]):
                turn = {
                    count: {load.name: _rate(processes[count], count, load, bodies) for load in _LOADS}
                    for count in counts
                }
                yield _shown("workers", turn, say)


def _service(count: int, folder: Path) -> Process:
    return SERVICE.process(folder, _cores(count), workers=count)


def _ready(process: Process) -> None:
    process.wait("/health/ready")
    process.settle()  # the first worker that is ready answers the probe


def _cores(count: int) -> list[int]:
    return sorted(os.sched_getaffinity(0))[:count]


def _rate(process: Process, count: int, load: Load, bodies: Mapping[int, Path]) -> float:
    """Headlines per second with the load generator on the workers' cores.

    If it had its own core beside one worker only, two workers would be compared with one that has a whole core.
    """
    url = f"http://127.0.0.1:{process.port}{OWN.path(load.headlines)}"
    run = wrk.load(url, bodies[load.headlines], load.clients, 1, _cores(count))
    process.settle()
    return run.rate * load.headlines


def imports(report: str) -> dict[str, float]:
    """Milliseconds of the ten slowest top-level packages, from the output of `python -X importtime`."""
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
    """MB of the service's image; None if Docker or the Dockerfile is missing, or the image cannot be built."""
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
