"""Compares measured figures with their goals."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.speed.targets import EMPTY, FRAMEWORKS, SERVICE, TF_FUNCTION, TUTORIAL


@dataclass(frozen=True, slots=True)
class Bar:
    """A measured figure, its goal, and a stretch goal if there is one."""

    name: str
    measured: float
    goal: float
    stretch: float | None
    unit: str = ""
    less_is_better: bool = False

    @property
    def verdict(self) -> str:
        """Whether it reaches the goal, and the stretch goal."""
        reached = [
            self.measured <= wanted if self.less_is_better else self.measured >= wanted
            for wanted in (self.goal, self.stretch)
            if wanted is not None
        ]
        if not reached[0]:
            return "**no**"
        return "yes, and the stretch goal" if reached[1:] == [True] else "yes"


def bars(parts: Mapping[str, Any]) -> list[Bar]:
    """The figures with goals of all parts that have been measured."""
    readers = {"http": _http, "requests": _requests, "startup": _startup, "scaling": _scaling}
    return [bar for part, read in readers.items() if part in parts for bar in read(parts[part])]


def _http(part: Mapping[str, Any]) -> Iterator[Bar]:
    ratios = part["ratios"]
    for load in ("1 client", "16 clients", "64 clients"):
        yield Bar(f"single headlines against the empty route, {load}", ratios[load][EMPTY.name]["rate"], 0.8, 1.0, "x")
    batches = next(load for load in ratios if load.startswith("batches"))
    yield Bar("batches of 100 against the empty route", ratios[batches][EMPTY.name]["rate"], 0.6, 0.9, "x")
    yield Bar("against tf.function, 64 clients", ratios["64 clients"][TF_FUNCTION.name]["rate"], 4, 6, "x")
    yield Bar("against the tutorial, 64 clients", ratios["64 clients"][TUTORIAL.name]["rate"], 300, 600, "x")
    for load, goal, stretch in (("1 client", 8.0, 10.0), ("64 clients", 7.0, 8.0), (batches, 4.0, 6.0)):
        best = min(
            (ratios[load][framework.name]["rate"] for framework in FRAMEWORKS if framework.name in ratios[load]),
            default=None,
        )
        if best is not None:
            yield Bar(f"against the fastest serving framework, {load}", best, goal, stretch, "x")
    p99 = 1 / ratios["64 clients"][EMPTY.name]["p99"]
    yield Bar("p99 at 64 clients against the empty route's", p99, 1.3, 1.0, "x", less_is_better=True)


def _requests(part: Mapping[str, Any]) -> Iterator[Bar]:
    for words, goal, stretch in (("12 words", 2.0, 1.5), ("200 words", 8.0, 4.0)):
        name = f"explanation of {words}, CPU against the plain request"
        yield Bar(name, part["explained"][words], goal, stretch, "x", less_is_better=True)


def _startup(part: Mapping[str, Any]) -> Iterator[Bar]:
    yield Bar("process start to ready", part["starts"][SERVICE.name]["ready_s"], 1.0, 0.6, " s", less_is_better=True)
    workers = {run["workers"]: run for run in part["workers"]}
    yield Bar("resident memory of a worker", workers[1]["memory_mb"][0]["resident"], 90, 70, " MB", less_is_better=True)
    private = max(process["private"] for process in workers[2]["memory_mb"])
    yield Bar("private memory of each of two workers", private, 60, 40, " MB", less_is_better=True)
    for load, ratio in workers[2]["against_one"].items():
        yield Bar(f"two workers on two cores against one, {load}", ratio, 1.7, 1.9, "x")


def _scaling(part: Mapping[str, Any]) -> Iterator[Bar]:
    for axis, factors in part["tenfold"].items():
        yield Bar(f"ten times the {axis}, without the fixed cost", max(factors), 10.5, None, "x", less_is_better=True)
