"""Part 2: the service and its peers over HTTP, each with one worker on one core and wrk on another core."""

import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import wrk
from benchmarks.machine import MeasurementError, cores
from benchmarks.process import Process
from benchmarks.speed.apis import OWN, Api
from benchmarks.speed.loads import LOADS, Load, headlines, write_bodies
from benchmarks.speed.targets import EMPTY, EMPTY_READY, SERVICE, Target, installed

Rounds = dict[tuple[str, str], list[dict[str, float]]]
"""The figures of every round, by names of target and load."""


def measure(
    seconds: float,
    rounds: int,
    say: Callable[[str], None],
    targets: Sequence[Target] | None = None,
    loads: Sequence[Load] = LOADS,
) -> dict[str, Any]:
    """Measure every target (by default all) under every load, in turns (A B A B ...), with new processes in each round.

    Raises:
        MeasurementError: wrk is missing, two targets disagree, or a single request failed.
    """
    wrk.install()
    targets = targets or installed(say)
    server_core, client_core = cores()
    measured: Rounds = {(target.name, load.name): [] for target in targets for load in loads}
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        apis = dict.fromkeys(target.api for target in targets)
        bodies = {api: write_bodies(folder / str(number), api) for number, api in enumerate(apis)}
        for number in range(1, rounds + 1):
            with ExitStack() as running:
                processes = {}
                for target in targets:
                    processes[target] = running.enter_context(target.process(folder, [server_core]))
                    processes[target].wait(target.api.single, target.api.body(["ready?"]))
                _agree(processes)
                for process in processes.values():
                    process.pause()
                for load in loads:
                    for target, process in processes.items():
                        length = max(seconds, target.min_seconds)
                        with process.resumed():
                            file = bodies[target.api][load.headlines]
                            figures = ask(process, load, file, length, [client_core], api=target.api)
                        measured[target.name, load.name].append(figures)
                        say(f"round {number}, {load.name}, {target.name}: {_line(figures)}")
    return {"seconds": seconds, "rounds": rounds, **summary(measured)}


def ask(
    process: Process, load: Load, bodies: Path, seconds: float, client_cores: Sequence[int], *, api: Api = OWN
) -> dict[str, float]:
    """One run, after a warm-up that does not count; CPU is the server's, in microseconds per request.

    Raises:
        MeasurementError: a request failed, or none was answered in time.
    """
    url = f"http://127.0.0.1:{process.port}{api.path(load.headlines)}"
    wrk.load(url, bodies, load.clients, 1, client_cores)
    process.settle()
    before = process.cpu_seconds()
    run = wrk.load(url, bodies, load.clients, seconds, client_cores)
    cpu_seconds = process.cpu_seconds() - before
    process.settle()  # otherwise requests of disconnected clients would slow the next target on this core
    if not run.requests:
        raise MeasurementError(f"Not reported: no request was answered in {seconds:g} s; use more --seconds.")
    cpu = cpu_seconds / run.requests * 1e6
    return {"headlines_per_second": run.rate * load.headlines, "p50_ms": run.p50, "p99_ms": run.p99, "cpu_us": cpu}


def summary(measured: Rounds) -> dict[str, Any]:
    """Medians, and the service's ratios to its peers as medians of each round's ratios, so slow rounds cancel out.

    Every ratio says how many times better the service is: more headlines per second, less CPU, a shorter p99.
    """
    medians: dict[str, dict[str, dict[str, float]]] = {}
    ratios: dict[str, dict[str, dict[str, float]]] = {}
    for (target, load), rounds in measured.items():
        medians.setdefault(load, {})[target] = {
            name: statistics.median(figures[name] for figures in rounds) for name in rounds[0]
        }
        if target != SERVICE.name:
            pairs = list(zip(measured[SERVICE.name, load], rounds, strict=True))
            ratios.setdefault(load, {})[target] = {
                "rate": statistics.median(a["headlines_per_second"] / b["headlines_per_second"] for a, b in pairs),
                "cpu": statistics.median(times(b["cpu_us"], a["cpu_us"]) for a, b in pairs),
                "p99": statistics.median(times(b["p99_ms"], a["p99_ms"]) for a, b in pairs),
            }
    return {"medians": medians, "ratios": ratios}


def times(theirs: float, ours: float) -> float:
    """Their figure as a multiple of ours; NaN if ours is 0, as is the CPU time of a run of a few milliseconds."""
    return theirs / ours if ours else float("nan")


def _agree(processes: Mapping[Target, Process]) -> None:
    """Raise MeasurementError unless all targets except the empty ones predict the same topics."""
    for headline in headlines()[:10]:
        answers = {
            target.name: target.api.best(process.ask(target.api.single, target.api.body([headline]))[1])
            for target, process in processes.items()
            if target not in (EMPTY, EMPTY_READY)
        }
        if len(set(answers.values())) > 1:
            raise MeasurementError(f"Not reported: the services answer {headline!r} differently: {answers}.")


def _line(figures: Mapping[str, float]) -> str:
    return (
        f"{figures['headlines_per_second']:,.0f} headlines/s, p50 {figures['p50_ms']:.2f} ms,"
        f" p99 {figures['p99_ms']:.2f} ms, {figures['cpu_us']:,.0f} us CPU a request"
    )
