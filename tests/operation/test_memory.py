"""Attacks on memory: the process stays below the pod's limit, and its liveness probe answers."""

import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.operation.attacks import ATTACKS
from tests.server import ROOT, RunningServer

pytestmark = pytest.mark.slow

LIMIT_MIB = 512
"""Memory limit of the pod in deploy/kubernetes."""
MEDIAN = 1.0
"""Seconds in which the liveness probe answers."""
LONGEST = 5.0
"""The bar is 1 on a machine with nothing else to do; this one may be busy."""
ATTACK_SECONDS = 5.0


@pytest.fixture
def server() -> Iterator[RunningServer]:
    """The default bundle, one worker, default settings except for the access log."""
    with RunningServer(ROOT / "models" / "headlines" / "1", access_log=False) as running:
        yield running


def peak_mib(server: RunningServer) -> int:
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) // 1024


def probe_during(server: RunningServer, names: Sequence[str], seconds: float) -> list[float]:
    """How long each liveness probe took while the attacks ran."""
    took = []
    with ExitStack() as stack:
        attackers = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.operation.attacks", str(server.port), name, str(seconds)], cwd=ROOT
                )
            )
            for name in names
        ]
        while any(one.poll() is None for one in attackers):
            begun = time.monotonic()
            assert server.get("/health/live").status == 200
            took.append(time.monotonic() - begun)
            time.sleep(0.02)
        assert [one.returncode for one in attackers] == [0] * len(attackers)
    return took


def check(server: RunningServer, name: str, took: list[float]) -> None:
    peak, median, slowest = peak_mib(server), statistics.median(took), max(took)
    print(f"\n{name}: {peak} MiB at most, probe {median * 1000:.0f} ms (median), {slowest * 1000:.0f} ms (slowest)")
    assert peak < LIMIT_MIB
    assert median < MEDIAN
    assert slowest < LONGEST
    server.wait_ready()
    assert server.predict().status == 200


@pytest.mark.parametrize("name", ATTACKS)
def test_memory_has_a_bound_and_the_probe_answers(server: RunningServer, name: str):
    check(server, name, probe_during(server, [name], ATTACK_SECONDS))


def test_memory_has_a_bound_under_several_attacks_at_once(server: RunningServer):
    together = [
        "bodies in arrival",
        "pipelines that are not read",
        "large batches that are not read",
        "tensor of millions of lists",
        "half a head",
    ]
    check(server, "several at once", probe_during(server, together, 2 * ATTACK_SECONDS))
