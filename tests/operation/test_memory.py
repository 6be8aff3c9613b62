"""Clients that want the process to hold as much as possible: it stays below the pod's limit, and its probe answers.

All attacks take about a minute; ATTACK_SECONDS=10 makes each of them longer.
"""

import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.operation.attacks import ATTACKS
from tests.server import ROOT, RunningServer

pytestmark = pytest.mark.slow

LIMIT_MIB = 512
"""Of the pod: deploy/kubernetes."""
MAX_SECONDS = 5.0
"""Seconds in which the liveness probe answers. On a machine with nothing else to do it is less than 1."""
ATTACK_SECONDS = float(os.environ.get("ATTACK_SECONDS", "1.5"))
"""By then memory has reached its plateau: most attacks fill what the service allows within the first second."""
TOGETHER = [
    "bodies in arrival",
    "pipelines that are not read",
    "large batches that are not read",
    "tensor of millions of lists",
    "half a head",
]


class Attacker:
    """A process that attacks when it is told to, on one processor, so that the service has another to itself."""

    def __init__(self, port: int) -> None:
        command = [sys.executable, "-m", "tests.operation.attacks", str(port), str(ATTACK_SECONDS)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if sys.platform == "linux":
            with suppress(OSError):
                os.sched_setaffinity(self.process.pid, {max(os.sched_getaffinity(0))})

    def __enter__(self) -> "Attacker":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def attack(self, name: str) -> None:
        """One attack from beginning to end."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{name}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """The bundle that ships, one worker, everything at its default but the log."""
    with RunningServer(ROOT / "models" / "headlines" / "7", access_log=False) as running:
        yield running


@pytest.fixture(scope="module")
def attackers(server: RunningServer) -> Iterator[list[Attacker]]:
    with ExitStack() as stack:
        yield [stack.enter_context(Attacker(server.port)) for _ in TOGETHER]


def check(server: RunningServer, attackers: Sequence[Attacker], names: Sequence[str]) -> None:
    """Attack, and ask for the liveness probe meanwhile."""
    Path(f"/proc/{server.pid}/clear_refs").write_text("5")  # VmHWM begins again
    threads = [
        threading.Thread(target=one.attack, args=(name,), daemon=True)
        for one, name in zip(attackers, names, strict=False)
    ]
    for thread in threads:
        thread.start()
    took = []
    while any(thread.is_alive() for thread in threads):
        begun = time.monotonic()
        assert server.get("/health/live").status == 200
        took.append(time.monotonic() - begun)
        time.sleep(0.02)
    status = Path(f"/proc/{server.pid}/status").read_text()
    peak = int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) // 1024
    median, slowest = statistics.median(took), max(took)
    print(f"\n{', '.join(names)}: {peak} MiB at most, probe {median:.3f} s (median), {slowest:.3f} s (slowest)")
    assert peak < LIMIT_MIB
    assert slowest < MAX_SECONDS
    server.wait_ready()
    assert server.predict().status == 200


@pytest.mark.parametrize("name", ATTACKS)
def test_memory_has_a_bound_and_the_probe_answers(server: RunningServer, attackers: list[Attacker], name: str):
    check(server, attackers, [name])


def test_memory_has_a_bound_under_several_attacks_at_once(server: RunningServer, attackers: list[Attacker]):
    check(server, attackers, TOGETHER)
