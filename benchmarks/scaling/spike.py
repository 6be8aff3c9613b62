"""Simulates four tenfold load spikes with measured figures, as a table and a plot."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from app.settings import Settings
from benchmarks.report import table
from benchmarks.scaling.autoscaling import Autoscaler, InFlight, Second, Spike, shipped, simulate
from benchmarks.scaling.queueing import Outcome, Worker

START_SECONDS = 5.0
"""Assumed time from the autoscaler's decision to a ready pod, if a node has free cores and the image."""
NODE_SECONDS = 90.0
"""Assumed time if a node must be started first."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A simulated spike and its outcome."""

    name: str
    seconds: list[Second]
    total: Outcome

    @property
    def refusing_seconds(self) -> int:
        """Number of seconds in which more than 1% was refused."""
        return sum(second.refused > 0.01 * second.offered for second in self.seconds)


def scenarios(figures: Mapping[str, Any]) -> list[Scenario]:
    """One spike per way to scale: the least number of pods at target utilization, then ten times the load."""
    spec, in_flight = shipped()
    worker = _worker_of(figures)
    spike = Spike(base=spec["minReplicas"] * Autoscaler(spec, None).utilization / worker.seconds_per_headline)
    twice = {**spec, "minReplicas": 2 * spec["minReplicas"]}
    asked: dict[str, tuple[Mapping[str, Any], InFlight | None, float]] = {
        "CPU alone": (spec, None, START_SECONDS),
        "CPU and headlines in flight": (spec, in_flight, START_SECONDS),
        "both, new nodes needed": (spec, in_flight, NODE_SECONDS),
        "both, twice the initial pods": (twice, in_flight, START_SECONDS),
    }
    return [
        Scenario(name, *simulate(worker, spike, Autoscaler(scaler, metric), start))
        for name, (scaler, metric, start) in asked.items()
    ]


def _worker_of(figures: Mapping[str, Any]) -> Worker:
    """A worker as measured; tests/operation/test_overload_model.py measures the time of a refusal."""
    room = Settings.model_fields["max_in_flight"].default
    return Worker(figures["workers"][0]["batch_us"] / 1e6, figures["refusal_ms"] / 1e3, room)


def lines(spikes: list[Scenario]) -> list[str]:
    """The table as Markdown lines."""
    rows = [
        (
            spike.name,
            f"{spike.total.refused / spike.total.offered:.0%}",
            spike.refusing_seconds,
            f"{sorted(spike.total.seconds)[int(0.99 * len(spike.total.seconds))]:.2f}",
        )
        for spike in spikes
    ]
    return table(("metrics of the autoscaler", "refused", "seconds with refusals", "p99 of answers, s"), rows)


_OFFERED, _ANSWERED, _REFUSED, _PODS = "#8a94a3", "#1f5fa8", "#d1603d", "#3c4654"


def draw(spikes: list[Scenario]) -> Figure:
    """The plot: offered, answered and refused headlines above the number of ready pods."""
    figure = Figure(figsize=(12, 5.2), layout="constrained")
    panels = figure.subplots(2, len(spikes), sharex=True, sharey="row", height_ratios=(2, 1))
    for (top, bottom), spike in zip(panels.T, spikes, strict=True):
        at = [second.at for second in spike.seconds]
        answered, offered = _mean_of_five(spike.seconds, "answered"), _mean_of_five(spike.seconds, "offered")
        top.fill_between(at, answered, color=_ANSWERED, alpha=0.25, linewidth=0)
        top.fill_between(at, answered, offered, color=_REFUSED, alpha=0.25, linewidth=0, label="refused")
        top.plot(at, offered, color=_OFFERED, linewidth=1.2, label="offered")
        top.plot(at, answered, color=_ANSWERED, linewidth=1.6, label="answered")
        top.set_title(f"{spike.name}\n{spike.total.refused / spike.total.offered:.0%} refused", fontsize=10)
        bottom.step(at, [second.pods for second in spike.seconds], color=_PODS, linewidth=1.6)
        bottom.set_xlabel("seconds")
        for axes in (top, bottom):
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(alpha=0.25)
            axes.set_xlim(0, at[-1])
            axes.set_ylim(bottom=0)
    panels[0][0].set_ylabel("headlines/s")
    panels[1][0].set_ylabel("pods that answer")
    panels[0][0].yaxis.set_major_formatter(lambda value, _: f"{value / 1000:,.0f}k")
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside upper right", ncols=3, frameon=False)
    return figure


def _mean_of_five(seconds: list[Second], what: str) -> list[float]:
    values = [getattr(second, what) for second in seconds]
    return [sum(values[max(0, i - 2) : i + 3]) / len(values[max(0, i - 2) : i + 3]) for i in range(len(values))]
