"""The history of the results: a line per release in history.csv, and its plot."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from app import VERSION
from benchmarks.speed.targets import EMPTY, FRAMEWORKS, SERVICE

FIELDS = (
    "version",
    "date",
    "model",
    "1 client",
    "16 clients",
    "64 clients",
    "batches",
    "best framework, 64 clients",
    "ready",
    "resident_mb",
)
"""Columns: the rates and the time to ready are ratios to the empty FastAPI route, one rate to the fastest framework."""


def line(parts: Mapping[str, Any]) -> dict[str, str]:
    """The line of this version, of a complete run; empty where a figure was not measured."""
    http, starts = parts["http"], parts["startup"]["starts"]
    ready = starts[SERVICE.name]["ready_s"] / starts[EMPTY.name]["ready_s"]
    loads = list(http["ratios"])
    rates = [http["ratios"][load][EMPTY.name]["rate"] for load in loads]
    frameworks = [http["ratios"]["64 clients"].get(framework.name, {}).get("rate") for framework in FRAMEWORKS]
    best = min((rate for rate in frameworks if rate is not None), default=None)
    figures = [*rates, best, ready, starts[SERVICE.name]["resident_mb"]]
    machine = http["machine"]
    shown = ["" if figure is None else f"{figure:.3g}" for figure in figures]
    return dict(zip(FIELDS, [VERSION, machine["date"], machine["model"], *shown], strict=True))


def update(folder: Path, parts: Mapping[str, Any]) -> None:
    """Write this version's line, replacing an earlier one, and the plot."""
    file = folder / "history.csv"
    lines = [entry for entry in read(file) if entry["version"] != VERSION] + [line(parts)]
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    draw(lines).savefig(folder / "history.png", dpi=110)


def read(file: Path) -> list[dict[str, str]]:
    """The lines of a history.csv; none if there is no file."""
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def draw(lines: list[dict[str, str]]) -> Figure:
    """Each figure by release."""
    figure = Figure(figsize=(12, 3.2), layout="constrained")
    panels = figure.subplots(1, 3)
    versions = [entry["version"] for entry in lines]
    names = [
        ("throughput / empty route", FIELDS[3:7]),
        ("time to ready / empty route", ("ready",)),
        ("resident, MB", ("resident_mb",)),
    ]
    for axes, (title, fields) in zip(panels, names, strict=True):
        for field in fields:
            axes.plot(versions, [float(entry[field] or "nan") for entry in lines], "o-", label=field)
        axes.set(title=title, ylim=(0, 1.05 * axes.get_ylim()[1]))
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].legend(frameon=False, fontsize=8)
    return figure
