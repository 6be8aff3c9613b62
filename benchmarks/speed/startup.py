"""Part 3: start-up time, processor time until the first answer, and memory."""

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.machine import cores
from benchmarks.speed.targets import SERVICE, Target, installed


def measure(rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Figures of every target's start, by its name."""
    starts = {}
    with tempfile.TemporaryDirectory() as directory:
        for target in installed(say):
            starts[target.name] = start(target, Path(directory), rounds)
            say(f"{target.name}: {starts[target.name]}")
    return {"starts": starts}


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
