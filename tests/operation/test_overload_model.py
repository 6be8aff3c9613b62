"""The simulated worker against a real one under too much load: what a batch and what a refusal costs is fitted at
twice and at eight times its capacity, and what is left at four times is predicted.

Everything is counted in seconds of the server's processor time, which a busy machine does not change as it does the
clock's: the load is a multiple of what the server could have done in its processor time.
"""

import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from app.settings import Settings
from benchmarks.scaling.queueing import Outcome, Worker, steady
from tests.operation.load import ROOM
from tests.operation.test_overload import flood, processor, result
from tests.server import RunningServer

pytestmark = pytest.mark.slow

HEADLINES = 500
LOADS = (2, 4, 8)
"""Multiples of what the server answers alone."""
MAX_ROUNDS, LAST = 8, 3
"""Rounds are run until the figures of the last three agree. A machine that changes its speed, or a server that is not
warm yet, disturbs some rounds; a simulation that is wrong disagrees in all of them."""
SECONDS = float(os.environ.get("OVERLOAD_SECONDS", "5")) / 4
TOLERANCE = 0.15
"""Simulated and measured goodput may differ by this much."""


@dataclass(frozen=True)
class Measured:
    """Batches and processor time of a run."""

    answered: int
    refused: int
    busy: float

    def __add__(self, other: "Measured") -> "Measured":
        return Measured(self.answered + other.answered, self.refused + other.refused, self.busy + other.busy)

    @property
    def offered(self) -> float:
        """Batches that arrived per second of processor time."""
        return (self.answered + self.refused) / self.busy

    @property
    def goodput(self) -> float:
        """Batches answered per second of processor time."""
        return self.answered / self.busy


NOTHING = Measured(0, 0, 0.0)


def run(server: RunningServer, rate: float, seconds: float, clients: int) -> Measured:
    before = processor(server)
    statuses = result(flood(server, rate, seconds, clients, HEADLINES))["statuses"]
    assert set(statuses) <= {"200", "503"}
    return Measured(statuses["200"], statuses.get("503", 0), processor(server) - before)


def costs(one: Measured, other: Measured) -> tuple[float, float]:
    """Seconds a batch and a refusal take, where the same ones explain both runs: busy = answered x a + refused x r."""
    left = [[one.answered, one.refused], [other.answered, other.refused]]
    batch, refusal = np.linalg.solve(left, [one.busy, other.busy])
    return float(batch), max(0.0, float(refusal))


def simulate(runs: dict[int, Measured]) -> tuple[float, Outcome]:
    """The goodput at four times the load, from the costs at twice and at eight times, and the whole simulation."""
    batch, refusal = costs(runs[2], runs[8])
    room = Settings.model_fields["max_in_flight"].default
    simulated = steady(Worker(batch / HEADLINES, refusal, room), runs[4].offered, HEADLINES, 30)
    return simulated.answered / HEADLINES / 30, simulated


def test_goodput_at_four_times_the_load_is_what_the_simulation_says(tiny_bundle: Path):
    with RunningServer(tiny_bundle, access_log=False) as server:
        alone = run(server, 1e9, SECONDS, 4)  # this also warms up the server
        rate = alone.answered / SECONDS
        last: deque[dict[int, Measured]] = deque(maxlen=LAST)
        for rounds in range(1, MAX_ROUNDS + 1):  # in turns, so that a disturbance of the machine affects all three
            last.append({times: run(server, times * rate, SECONDS, ROOM) for times in LOADS})
            runs = {times: sum((one[times] for one in last), NOTHING) for times in LOADS}
            if rounds >= LAST and simulate(runs)[0] == pytest.approx(runs[4].goodput, rel=TOLERANCE):
                break
    goodput, simulated = simulate(runs)
    shown = ", ".join(f"{one.offered / alone.goodput:.1f}x {one.goodput / alone.goodput:.0%}" for one in runs.values())
    print(f"\n{rounds} rounds; goodput at {shown}; the second simulated: {goodput / alone.goodput:.0%}")
    assert goodput == pytest.approx(runs[4].goodput, rel=TOLERANCE)
    assert simulated.refused > simulated.answered
