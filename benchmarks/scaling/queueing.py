"""Simulates one worker as a queue, with SimPy: accepted and refused headlines, and response times.

A model of app/serving/concurrency.py: first come, first served, one at a time, with a limit in headlines. Batches above
the limit are refused at once, which also takes the worker some time. Tests compare it with the closed forms of M/D/1
and M/M/1/K, and with a real process under four times its load.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import simpy


@dataclass(frozen=True, slots=True)
class Worker:
    """Measured capacity of one worker."""

    seconds_per_headline: float
    """Processor time per headline, in batches."""
    seconds_per_refusal: float
    room: int
    """Most headlines it holds: TOPICS_MAX_IN_FLIGHT."""


@dataclass(slots=True)
class Outcome:
    """Counts of headlines, each at the time of its arrival or answer."""

    offered: int = 0
    answered: int = 0
    refused: int = 0
    seconds: list[float] = field(default_factory=list)
    """Response times of the accepted batches."""


class Queue:
    """One worker's queue."""

    def __init__(self, env: simpy.Environment, worker: Worker) -> None:
        self.env = env
        self.worker = worker
        self.in_flight = 0
        """Headlines."""
        self._work = 0.0  # seconds, in total
        self._free_at = env.now

    @property
    def busy_seconds(self) -> float:
        """Processor time used until now."""
        return self._work - max(0.0, self._free_at - self.env.now)

    def offer(self, headlines: int, outcome: Outcome, seconds: float | None = None) -> None:
        """A batch arrives; `seconds` overrides its processing time.

        In the service a refusal is sent at once and delays every waiting batch. Here it delays the next accepted batch
        instead, which leaves the sums unchanged.
        """
        outcome.offered += headlines
        if self.in_flight + headlines > self.worker.room:
            outcome.refused += headlines
            self._do(self.worker.seconds_per_refusal)
            return
        self.in_flight += headlines
        left = self._do(headlines * self.worker.seconds_per_headline if seconds is None else seconds)
        outcome.seconds.append(left)

        def finish(_: simpy.Event) -> None:
            self.in_flight -= headlines
            outcome.answered += headlines

        done = self.env.timeout(left)
        assert done.callbacks is not None
        done.callbacks.append(finish)

    def _do(self, seconds: float) -> float:
        """Add work to the queue; returns the seconds until it is done."""
        self._work += seconds
        self._free_at = max(self._free_at, self.env.now) + seconds
        return self._free_at - self.env.now


def arrivals(
    env: simpy.Environment, rate: Callable[[float], float], arrive: Callable[[], None], rng: random.Random
) -> simpy.events.ProcessGenerator:
    """A Poisson process; `rate` gives its events per second at a time."""
    while True:
        yield env.timeout(rng.expovariate(rate(env.now)))
        arrive()


def steady(
    worker: Worker,
    rate: float,
    headlines: int,
    seconds: float,
    *,
    seed: int = 1,
    draw: Callable[[random.Random], float] | None = None,
) -> Outcome:
    """Simulate one worker under `rate` batches per second; `draw` makes a batch's processing time random."""
    env = simpy.Environment()
    rng = random.Random(seed)
    queue, outcome = Queue(env, worker), Outcome()
    env.process(
        arrivals(env, lambda _: rate, lambda: queue.offer(headlines, outcome, draw(rng) if draw else None), rng)
    )
    env.run(until=seconds)
    return outcome
