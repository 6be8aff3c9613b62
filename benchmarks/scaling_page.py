"""The tables of docs/scaling.md, computed from docs/scaling/figures.json and from what is assumed here by name."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from app.settings import Settings
from benchmarks.autoscaling import Autoscaler, InFlight, Second, Spike, shipped, simulate
from benchmarks.machine import BUSY
from benchmarks.over_http import BATCH
from benchmarks.process import ROOT
from benchmarks.queueing import Outcome, Worker
from benchmarks.report import table

PAGE = ROOT / "docs" / "scaling.md"
FIGURES = ROOT / "docs" / "scaling" / "figures.json"
PLOT = ROOT / "docs" / "scaling" / "spike.png"
LATER = "*to be measured*"

Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Assumed:
    """What no measurement here can know."""

    core_hour: float = 0.04
    """US dollars for a core and 4 GB for an hour: general-purpose machines of the large clouds, on demand."""
    utilization: float = shipped()[0]["metrics"][0]["resource"]["target"]["averageUtilization"] / 100
    """Of a core that answers requests: what the autoscaler aims for. A file keeps a core wholly busy."""
    node_cores: int = 8
    node_usable: float = 7.5
    """Cores of a node that are left by Kubernetes itself."""
    start_seconds: float = 5.0
    """From the autoscaler's decision to a pod that answers, where a node has room and the image."""
    node_seconds: float = 90.0
    """The same where a node has to be made first."""


ASSUMED = Assumed()


def write() -> None:
    """Put every table in its place, and draw the spike."""
    figures = json.loads(FIGURES.read_text("utf-8"))
    page = PAGE.read_text("utf-8")
    for name, lines in blocks(figures).items():
        page = placed(page, name, lines)
    PAGE.write_text(page, "utf-8")
    _draw(_scenarios(figures)).savefig(PLOT, dpi=110)


def placed(page: str, name: str, lines: list[str]) -> str:
    """The page with some lines between `<!-- name -->` and `<!-- /name -->`."""
    block = f"<!-- {name} -->\n" + "\n".join(lines) + f"\n<!-- /{name} -->"
    page, times = re.subn(rf"<!-- {name} -->.*?<!-- /{name} -->", lambda _: block, page, flags=re.DOTALL)
    assert times == 1, f"{PAGE.name} has no single place for {name}"
    return page


def blocks(figures: Figures) -> dict[str, list[str]]:
    """Lines of Markdown by the name of their place."""
    return {
        "machine": [_machine(figures)],
        "costs": costs(figures),
        "workers": _workers(figures),
        "loads": loads(figures),
        "spike": _spike(_scenarios(figures)),
    }


def rates(figures: Figures) -> dict[str, float | None]:
    """Headlines a second of one busy core, by way; None where it has not been measured yet."""
    one = figures["workers"][0]
    return {
        "HTTP, one headline a request": 1e6 / one["single_us"],
        f"HTTP, batches of {BATCH}": 1e6 / one["batch_us"],
        "`python -m app classify`": figures["command"],
        "`classify --engine ray`": figures["ray"],
    }


def costs(figures: Figures) -> list[str]:
    """What a million headlines take, by way."""
    single = 1e6 / figures["workers"][0]["single_us"]
    rows: list[tuple[object, ...]] = []
    for way, rate in rates(figures).items():
        if rate is None:
            rows.append((way, LATER, LATER, LATER, LATER))
            continue
        share = ASSUMED.utilization if way.startswith("HTTP") else 1.0
        dollars = 1e6 / rate / share / 3600 * ASSUMED.core_hour
        rows.append((way, rate, 1e6 / rate, f"{dollars * 100:.3f} cents", f"{rate / single:.1f}x"))
    return table(
        ("way", "headlines/s of a busy core", "core seconds a million", "a million costs", "against the first"), rows
    )


def _workers(figures: Figures) -> list[str]:
    rows = [
        (one["workers"], one["cores"], one["resident"], one["private"], one["single_us"], one["batch_us"],
         one["single"], one["batch"])
        for one in figures["workers"]
    ]  # fmt: skip
    head = (
        "workers",
        "cores",
        "MB resident",
        "MB private",
        "µs a single",
        "µs in a batch",
        "singles/s",
        "in batches/s",
    )
    return table(head, rows)


def loads(figures: Figures) -> list[str]:
    """What some loads need."""
    day = 86_400
    ways = rates(figures)
    single, batch, command = (rate or 0.0 for rate in list(ways.values())[:3])
    cases: dict[str, tuple[float, float, str]] = {
        "1,000 requests/s": (1_000, single, "single"),
        "100,000 requests/s": (100_000, single, "single"),
        "1e9 a day, singles": (1e9 / day, single, "single"),
        f"1e9 a day, batches of {BATCH}": (1e9 / day, batch, "batch"),
        "1e9 a day, command": (1e9 / day, command, ""),
    }
    columns = [_load(figures, *case) for case in cases.values()]
    return table(("", *cases), [(name, *(column[name] for column in columns)) for name in columns[0]])


def _load(figures: Figures, headlines: float, rate: float, kind: str) -> dict[str, object]:
    """One column: a number of headlines a second, done at some rate a core."""
    share = ASSUMED.utilization if kind else 1.0
    requests = headlines / (BATCH if kind == "batch" else 1) if kind else 0.0
    busy = headlines / rate
    workers = max(1, -(-busy // share))
    nodes = -(-workers // ASSUMED.node_usable)
    sizes = figures["bytes"]
    resident, private = (figures["workers"][1][one] for one in ("resident", "private"))
    network = requests * sum(sizes[kind].values()) / 1e6 if kind else 0.0
    return {
        "headlines/s": headlines,
        "cores busy": busy,
        f"workers at {ASSUMED.utilization:.0%} (a file: 100%)": int(workers),
        "their memory, GB": (workers * private + resident - private) / 1024,
        f"nodes of {ASSUMED.node_cores} cores": int(nodes),
        "cores busy with nginx": requests * figures["nginx_us"] / 1e6 if kind else None,
        "network, both ways, MB/s": network if kind else None,
        "access log, GB a day": requests * figures["bytes"]["log_line"] * 86_400 / 1e9 if kind else None,
        "dollars a day": workers * 24 * ASSUMED.core_hour if kind else busy * 24 * ASSUMED.core_hour,
    }


def _machine(figures: Figures) -> str:
    machine = figures["machine"]
    line = f"Measured {machine['date']} on {machine['cores']} cores ({machine['cpu']})"
    if machine["busy"] > BUSY:
        line += (
            f", of which something else took {machine['busy']:.0%}: rates by the clock say little, processor time and"
            " bytes hold"
        )
    return line + "."


@dataclass(frozen=True, slots=True)
class Scenario:
    """A simulated spike and what came of it."""

    name: str
    seconds: list[Second]
    total: Outcome

    @property
    def refusing_seconds(self) -> int:
        """Seconds in which a hundredth or more was refused."""
        return sum(one.refused > 0.01 * one.offered for one in self.seconds)


def _scenarios(figures: Figures) -> list[Scenario]:
    spec, in_flight = shipped()
    worker = worker_of(figures)
    spike = Spike(base=spec["minReplicas"] * ASSUMED.utilization / worker.seconds_per_headline)
    twice = {**spec, "minReplicas": 2 * spec["minReplicas"]}
    asked: dict[str, tuple[Mapping[str, Any], InFlight | None, float]] = {
        "CPU alone": (spec, None, ASSUMED.start_seconds),
        "CPU and headlines in flight": (spec, in_flight, ASSUMED.start_seconds),
        "both, nodes made first": (spec, in_flight, ASSUMED.node_seconds),
        "both, twice the pods to begin with": (twice, in_flight, ASSUMED.start_seconds),
    }
    return [
        Scenario(name, *simulate(worker, spike, Autoscaler(scaler, metric), start))
        for name, (scaler, metric, start) in asked.items()
    ]


def worker_of(figures: Figures) -> Worker:
    """A worker as measured; a refusal as measured by tests/operation/test_overload_model.py."""
    room = Settings.model_fields["max_in_flight"].default
    return Worker(figures["workers"][0]["batch_us"] / 1e6, figures["refusal_ms"] / 1e3, room)


def _spike(scenarios: list[Scenario]) -> list[str]:
    rows = [
        (
            one.name,
            f"{one.total.refused / one.total.offered:.0%}",
            one.refusing_seconds,
            f"{sorted(one.total.seconds)[int(0.99 * len(one.total.seconds))]:.2f}",
        )
        for one in scenarios
    ]
    return table(("the autoscaler looks at", "refused", "seconds of refusing", "p99 of answers, s"), rows)


_OFFERED, _ANSWERED, _REFUSED, _PODS = "#8a94a3", "#1f5fa8", "#d1603d", "#3c4654"


def _draw(scenarios: list[Scenario]) -> Figure:
    figure = Figure(figsize=(12, 5.2), layout="constrained")
    panels = figure.subplots(2, len(scenarios), sharex=True, sharey="row", height_ratios=(2, 1))
    for (top, bottom), one in zip(panels.T, scenarios, strict=True):
        at = [second.at for second in one.seconds]
        answered, offered = _mean_of_five(one.seconds, "answered"), _mean_of_five(one.seconds, "offered")
        top.fill_between(at, answered, color=_ANSWERED, alpha=0.25, linewidth=0)
        top.fill_between(at, answered, offered, color=_REFUSED, alpha=0.25, linewidth=0, label="refused")
        top.plot(at, offered, color=_OFFERED, linewidth=1.2, label="offered")
        top.plot(at, answered, color=_ANSWERED, linewidth=1.6, label="answered")
        top.set_title(f"{one.name}\n{one.total.refused / one.total.offered:.0%} refused", fontsize=10)
        bottom.step(at, [second.pods for second in one.seconds], color=_PODS, linewidth=1.6)
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
