"""A worker as a queue, simulated with SimPy: what it takes in, what it refuses, and how long an answer takes.

It is app/serving/concurrency.py in a few lines: first come, first done, one at a time; a bound in headlines; whatever
is beyond is refused at once, which takes the worker some time, too. The tests hold it to M/D/1 and M/M/1/K in closed
form, and to a real process under four times its load.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import simpy


@dataclass(frozen=True, slots=True)
class Worker:
    """What one is measured to do."""

    seconds_per_headline: float
    """In batches."""
    seconds_per_refusal: float
    room: int
    """Most headlines it holds: TOPICS_MAX_IN_FLIGHT."""


@dataclass(slots=True)
class Outcome:
    """What became of the headlines of some time; those that were answered when they were, which may be later."""

    offered: int = 0
    answered: int = 0
    refused: int = 0
    seconds: list[float] = field(default_factory=list)
    """From arrival to answer, of the batches taken in."""


class Queue:
    """One worker's queue."""

    def __init__(self, env: simpy.Environment, worker: Worker) -> None:
        self.env = env
        self.worker = worker
        self.in_flight = 0
        """Headlines."""
        self._work = 0.0  # seconds of it, ever
        self._free_at = env.now

    @property
    def busy_seconds(self) -> float:
        """How long it has worked until now."""
        return self._work - max(0.0, self._free_at - self.env.now)

    def offer(self, headlines: int, outcome: Outcome, seconds: float | None = None) -> None:
        """A batch arrives; `seconds` of work where they shall not be the worker's usual ones.

        A refusal is done at once and so delays all that waits. Here it delays what is taken in next instead, which
        changes no sum.
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
        """Take on some work; how long until it is done."""
        self._work += seconds
        self._free_at = max(self._free_at, self.env.now) + seconds
        return self._free_at - self.env.now


def arrivals(
    env: simpy.Environment, rate: Callable[[float], float], arrive: Callable[[], None], rng: random.Random
) -> simpy.events.ProcessGenerator:
    """A Poisson process of some rate (a second) that may change with time."""
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
    """One worker under a steady load of so many batches a second; `draw` makes a batch's seconds of work random."""
    env = simpy.Environment()
    rng = random.Random(seed)
    queue, outcome = Queue(env, worker), Outcome()
    env.process(
        arrivals(env, lambda _: rate, lambda: queue.offer(headlines, outcome, draw(rng) if draw else None), rng)
    )
    env.run(until=seconds)
    return outcome
