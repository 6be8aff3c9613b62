"""Plots of the results."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.speed.targets import SERVICE

_OURS, _THEIRS = "#1f5fa8", "#b0b7c0"

mpl.use("agg")


def draw(folder: Path, parts: Mapping[str, Any]) -> None:
    """Draw http.png and scaling.png, if their parts have been measured."""
    if "http" in parts:
        _http(parts["http"]["medians"]).savefig(folder / "http.png", dpi=110)
    if "scaling" in parts:
        workers = parts["startup"]["workers"] if "startup" in parts else []
        _scaling(parts["scaling"]["axes"], workers).savefig(folder / "scaling.png", dpi=110)


def _http(medians: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Figure:
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    for axes, (load, targets) in zip(figure.subplots(1, len(medians), sharey=True), medians.items(), strict=True):
        rates = {name: figures["headlines_per_second"] for name, figures in reversed(list(targets.items()))}
        bars = axes.barh(
            list(rates), list(rates.values()), color=[_OURS if n == SERVICE.name else _THEIRS for n in rates]
        )
        axes.bar_label(bars, [f"{rate:,.0f}" for rate in rates.values()], padding=3, fontsize=8)
        axes.set(title=load, xscale="log", xlim=(1, max(rates.values()) * 30), xlabel="headlines/s, one core")
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _scaling(by_axis: Mapping[str, list[dict[str, float]]], workers: list[dict[str, Any]]) -> Figure:
    figure = Figure(figsize=(12, 6.5), layout="constrained")
    panels = figure.subplots(2, 3).flat
    for axes, (name, points) in zip(panels, by_axis.items(), strict=False):
        xs = [point["x"] for point in points]
        axes.loglog(xs, [point["microseconds"] for point in points], "o-", color=_OURS, label="µs")
        axes.loglog(xs, [point["kib"] for point in points], "s--", color=_THEIRS, label="KiB")
        axes.set(title=name, xticks=xs, xticklabels=[f"{x:,.0f}" for x in xs])
        axes.minorticks_off()
    last = list(figure.axes)[-1]
    for load in workers[0]["against_one"] if workers else ():
        last.plot([run["workers"] for run in workers], [run["against_one"][load] for run in workers], "o-", label=load)
    last.set(title="workers", ylabel="headlines/s, one worker = 1", xticks=[run["workers"] for run in workers], ylim=0)
    figure.axes[0].legend(frameon=False)
    if workers:
        last.legend(frameon=False)
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.3)
    return figure
