"""Computes the tables of docs/scaling.md from docs/scaling/figures.json and the assumptions in `Assumed`."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.machine import BUSY
from benchmarks.process import ROOT
from benchmarks.report import table
from benchmarks.scaling import spike
from benchmarks.scaling.autoscaling import shipped
from benchmarks.speed.loads import BATCH

PAGE = ROOT / "docs" / "scaling.md"
FIGURES = ROOT / "docs" / "scaling" / "figures.json"
PLOT = ROOT / "docs" / "scaling" / "spike.png"
LATER = "*to be measured*"

Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Assumed:
    """Assumptions about machines and prices, which cannot be measured here."""

    core_hour: float = 0.04
    """US dollars for a core and 4 GB for an hour: general-purpose machines of the large clouds, on demand."""
    utilization: float = shipped()[0]["metrics"][0]["resource"]["target"]["averageUtilization"] / 100
    """The autoscaler's target utilization of a core that answers requests. Classifying a file uses all of a core."""
    node_cores: int = 8
    node_usable: float = 7.5
    """Cores of a node that Kubernetes leaves for pods."""


ASSUMED = Assumed()


def write() -> None:
    """Update every table of the page, and draw the plot of the spike."""
    figures = json.loads(FIGURES.read_text("utf-8"))
    page = PAGE.read_text("utf-8")
    for name, lines in blocks(figures).items():
        page = placed(page, name, lines)
    PAGE.write_text(page, "utf-8")
    spike.draw(spike.scenarios(figures)).savefig(PLOT, dpi=110)


def placed(page: str, name: str, lines: list[str]) -> str:
    """The page with `lines` between `<!-- name -->` and `<!-- /name -->`."""
    block = f"<!-- {name} -->\n" + "\n".join(lines) + f"\n<!-- /{name} -->"
    page, times = re.subn(rf"<!-- {name} -->.*?<!-- /{name} -->", lambda _: block, page, flags=re.DOTALL)
    assert times == 1, f"{PAGE.name} has no single place for {name}"
    return page


def blocks(figures: Figures) -> dict[str, list[str]]:
    """Markdown lines by the name of their block in the page."""
    return {
        "machine": [_machine(figures)],
        "costs": costs(figures),
        "workers": _workers(figures),
        "loads": loads(figures),
        "spike": spike.lines(spike.scenarios(figures)),
    }


def rates(figures: Figures) -> dict[str, float | None]:
    """Headlines per second of one busy core, by interface; None if not measured yet."""
    one_worker = figures["workers"][0]
    return {
        "HTTP, one headline per request": 1e6 / one_worker["single_us"],
        f"HTTP, batches of {BATCH}": 1e6 / one_worker["batch_us"],
        "`python -m app classify`": figures["command"],
        "`classify --engine ray`": figures["ray"],
    }


def costs(figures: Figures) -> list[str]:
    """Table: the cost of a million headlines, by interface."""
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
        (
            "interface",
            "headlines/s per busy core",
            "core seconds per million",
            "cost per million",
            "rate relative to the first",
        ),
        rows,
    )


def _workers(figures: Figures) -> list[str]:
    rows = [
        (row["workers"], row["cores"], row["resident"], row["private"], row["single_us"], row["batch_us"],
         row["single"], row["batch"])
        for row in figures["workers"]
    ]  # fmt: skip
    head = (
        "workers",
        "cores",
        "MB resident",
        "MB private",
        "µs per single request",
        "µs per headline in a batch",
        "single requests/s",
        "headlines/s in batches",
    )
    return table(head, rows)


def loads(figures: Figures) -> list[str]:
    """Table: the resources that several loads need."""
    day = 86_400
    ways = rates(figures)
    single, batch, command = (rate or 0.0 for rate in list(ways.values())[:3])
    cases: dict[str, tuple[float, float, str]] = {
        "1,000 requests/s": (1_000, single, "single"),
        "100,000 requests/s": (100_000, single, "single"),
        "1e9 a day, single requests": (1e9 / day, single, "single"),
        f"1e9 a day, batches of {BATCH}": (1e9 / day, batch, "batch"),
        "1e9 a day, files": (1e9 / day, command, ""),
    }
    columns = [_load(figures, *case) for case in cases.values()]
    return table(("", *cases), [(name, *(column[name] for column in columns)) for name in columns[0]])


def _load(figures: Figures, headlines: float, rate: float, kind: str) -> dict[str, object]:
    """One column: the resources for `headlines` per second at `rate` headlines per second and core."""
    share = ASSUMED.utilization if kind else 1.0
    requests = headlines / (BATCH if kind == "batch" else 1) if kind else 0.0
    busy = headlines / rate
    workers = max(1, -(-busy // share))
    nodes = -(-workers // ASSUMED.node_usable)
    sizes = figures["bytes"]
    resident, private = (figures["workers"][1][kind] for kind in ("resident", "private"))
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
