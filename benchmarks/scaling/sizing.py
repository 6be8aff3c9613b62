"""Measures the figures from which docs/scaling.md is computed."""

import http.client
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from app.classifier import load_bundle
from app.settings import load_settings
from benchmarks import wrk
from benchmarks.machine import MeasurementError, cores, pinned
from benchmarks.proc import children, cpu_seconds
from benchmarks.process import ROOT, free_port
from benchmarks.scaling.nginx import configure
from benchmarks.speed.apis import OWN
from benchmarks.speed.loads import LOADS, write_bodies
from benchmarks.speed.over_http import ask
from benchmarks.speed.targets import SERVICE
from benchmarks.texts import MadeTexts

WORKERS = (1, 2, 4)
SINGLE, BATCHES = LOADS[2:]
_LINES = 200_000

Figures = dict[str, Any]


def measure(seconds: float, rounds: int, say: Callable[[str], None]) -> Figures:
    """Rates and memory by number of workers, bytes per request, nginx's processor time, and the command's rate.

    `ray` (headlines a second of one core, None until it is known) and `refusal_ms` (printed by
    tests/operation/test_overload_model.py) stay as docs/scaling/figures.json has them.

    Raises:
        MeasurementError: wrk or nginx is missing, or a request failed.
    """
    wrk.install()
    by_workers: dict[int, list[Figures]] = {count: [] for count in WORKERS}
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        bodies = write_bodies(folder)
        for _ in range(rounds):  # in turns: 1, 2, 4, 1, 2, 4, ...
            for count in WORKERS:
                by_workers[count].append(_workers(count, folder, bodies, seconds))
                say(f"{count} workers: {by_workers[count][-1]}")
        figures = {
            "workers": [{"workers": count, **_least_disturbed(each)} for count, each in by_workers.items()],
            "bytes": _bytes(folder, bodies, seconds),
            "nginx_us": _nginx(folder, bodies[1], seconds),
            "command": _command(folder),
        }
    say(json.dumps({name: value for name, value in figures.items() if name != "workers"}))
    return figures


def _least_disturbed(rounds: list[Figures]) -> Figures:
    """The highest of each rate and the lowest of each time, because other programs only slow the service down."""
    return {
        name: (max if name in ("single", "batch") else min)(figures[name] for figures in rounds) for name in rounds[0]
    }


def _workers(count: int, folder: Path, bodies: Mapping[int, Path], seconds: float) -> Figures:
    """Headlines per second, microseconds of processor time per headline, and MB of the largest of `count` workers.

    Each worker has its own core if there are enough; the load generator shares these cores.
    """
    usable = sorted(os.sched_getaffinity(0))[:count]
    with SERVICE.process(folder, usable, workers=count) as process:
        process.wait("/health/ready")
        figures: Figures = {"cores": len(usable)}
        for name, load in (("single", SINGLE), ("batch", BATCHES)):
            run = ask(process, load, bodies[load.headlines], seconds, usable)
            figures[name] = run["headlines_per_second"]
            figures[f"{name}_us"] = run["cpu_us"] / load.headlines
        memory = process.memory()
    return figures | {kind: max(processes[kind] for processes in memory) for kind in ("resident", "private")}


def _bytes(folder: Path, bodies: Mapping[int, Path], seconds: float) -> Figures:
    """Bytes per request: of the request and the response (headers and bodies, mean of a few), and of the log."""
    server, client = cores()
    log = folder / "service.log"
    figures: Figures = {}
    with SERVICE.process(folder, [server]) as process:
        process.wait("/health/ready")
        for name, load in (("single", SINGLE), ("batch", BATCHES)):
            lines = bodies[load.headlines].read_text("utf-8").splitlines()[:20]
            sizes = [_exchange(process.port, OWN.path(load.headlines), line.encode()) for line in lines]
            figures[name] = {
                "request": statistics.mean(a for a, _ in sizes),
                "answer": statistics.mean(b for _, b in sizes),
            }
        written = log.stat().st_size
        run = wrk.load(f"http://127.0.0.1:{process.port}/predict", bodies[1], 16, seconds, [client])
        figures["log_line"] = (log.stat().st_size - written) / run.requests
    return figures


def _exchange(port: int, path: str, body: bytes) -> tuple[int, int]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    received = len(answer.read()) + sum(len(name) + len(value) + 4 for name, value in answer.getheaders())
    connection.close()
    return len(body) + sum(len(name) + len(value) + 4 for name, value in headers.items()), received


def _nginx(folder: Path, bodies: Path, seconds: float) -> float:
    """Microseconds of nginx's processor time per request."""
    server, client = cores()
    port = free_port()
    with SERVICE.process(folder, [server]) as process, pinned([client]):
        process.wait("/health/ready")
        command = configure(folder, port, [process.port])
        try:
            proxy = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except FileNotFoundError:
            raise MeasurementError(
                "nginx is not installed: `apt-get install nginx-light`, and run this again."
            ) from None
        try:
            _wait(port)
            url = f"http://127.0.0.1:{port}/predict"
            wrk.load(url, bodies, 16, 1, [client])
            workers = children(proxy.pid)
            before = sum(map(cpu_seconds, workers))
            run = wrk.load(url, bodies, 16, seconds, [client])
            used = sum(map(cpu_seconds, workers)) - before
        finally:
            proxy.terminate()
            proxy.wait(10)
    return used / run.requests * 1e6


def _wait(port: int) -> None:
    due = time.monotonic() + 10
    while time.monotonic() < due:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise MeasurementError("nginx is not listening 10 seconds after its start.")


def _command(folder: Path) -> float:
    """Headlines per second of processor time of `python -m app classify`, without its start-up."""
    headlines = MadeTexts(load_bundle(load_settings().model[0])).headlines(2_000)
    long, short = folder / "long.txt", folder / "short.txt"
    long.write_text("\n".join(headlines * (_LINES // len(headlines))) + "\n", "utf-8")
    short.write_text(headlines[0] + "\n", "utf-8")
    return _LINES / (_classify(long) - _classify(short))


def _classify(file: Path) -> float:
    """Seconds of processor time to classify a file with the command."""
    server, _ = cores()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with pinned([server]):
        command = [sys.executable, "-m", "app", "classify", "-f", str(file)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=120)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
