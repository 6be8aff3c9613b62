"""Writes the results as Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import BUSY
from benchmarks.speed import plots
from benchmarks.speed.bars import bars
from benchmarks.speed.targets import FRAMEWORKS, SERVICE

Parts = Mapping[str, Any]


def write(folder: Path, parts: Parts) -> None:
    """Write README.md and the plots, for all parts that have been measured."""
    lines = [
        "# Benchmark results",
        "",
        "Made by `make bench`. Compare ratios, not absolute figures, between machines.",
        *(["", "![Headlines per second over HTTP, by service](http.png)"] if "http" in parts else []),
    ]
    if measured := bars(parts):
        rows = [
            (bar.name, *(_with_unit(figure, bar.unit) for figure in (bar.goal, bar.stretch, bar.measured)), bar.verdict)
            for bar in measured
        ]
        lines += ["", "## Goals", "", *table(("figure", "goal", "stretch goal", "measured", "reached"), rows)]
    for part in _SECTIONS:
        if part in parts:
            lines += ["", *section(part, parts)]
    if (folder / "history.png").exists():
        lines += [
            "",
            "## History",
            "",
            "By release, from [history.csv](history.csv). Machines differed, and the ratios depend on the machine.",
        ]
        lines += ["", "![Throughput, start and memory by release](history.png)"]
    plots.draw(folder, parts)
    (folder / "README.md").write_text("\n".join(lines) + "\n")


def section(part: str, parts: Parts) -> list[str]:
    """The lines of one part, beginning with its machine and library versions."""
    title, lines = _SECTIONS[part]
    return [f"## {title}", "", _where(parts[part]["machine"]), "", *lines(parts[part])]


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A Markdown table; floats have three significant digits, or none after the point from 100."""
    texts = [[_number(cell) for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *texts)]


def _number(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:#.3g}"
    return "" if cell is None else f"{cell:,}" if isinstance(cell, int) else str(cell)


def _with_unit(figure: float | None, unit: str) -> str:
    return "" if figure is None else f"{figure:.3g}{unit}"


def _where(machine: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items() if version)
    line = f"{machine['date']}, {machine['cpu']}, {machine['cores']} cores; {versions}."
    if machine["busy"] > BUSY:
        line += f" **Other programs used {machine['busy']:.0%} of the CPU: not reliable.**"
    return line


def _http(part: Mapping[str, Any]) -> list[str]:
    head = ("load", "service", "headlines/s", "p50 ms", "p99 ms", "CPU µs/request", "rate", "CPU", "p99")
    rows = [
        (load, target, *figures.values(), *part["ratios"][load].get(target, {}).values())
        for load, targets in part["medians"].items()
        for target, figures in targets.items()
    ]
    note = (
        f"Medians of {part['rounds']} rounds of {part['seconds']:g} s, services in turns; one worker on one core with"
        " metrics, request IDs and access log (to a file), wrk on another core, no failed requests. Headlines as long"
        " as titles, made from the bundle's words. BentoML, MLServer and LitServe batch requests, and call the same"
        f" tf.function. The last three columns: factor by which {SERVICE.name} is better."
    )
    frameworks = []
    if missing := [
        framework.name for framework in FRAMEWORKS if framework.name not in next(iter(part["medians"].values()))
    ]:
        frameworks = ["", f"Not measured, because they could not be installed: {', '.join(missing)}."]
    return [
        note,
        "",
        *table(head, [row + ("",) * (len(head) - len(row)) for row in rows]),
        *frameworks,
    ]


def _requests(part: Mapping[str, Any]) -> list[str]:
    note = f"One client, one connection; medians of {part['rounds']} rounds of {part['seconds']:g} s, in turns."
    rows = [(name, kind["p50_ms"], kind["cpu_us"]) for name, kind in part["kinds"].items()]
    return [note, "", *table(("request", "p50 ms", "CPU µs/headline"), rows)]


def _in_process(part: Mapping[str, Any]) -> list[str]:
    sizes = list(part["microseconds"])
    whats = list(part["microseconds"][sizes[0]])
    rows = [(what, *(part["microseconds"][size].get(what) for size in sizes)) for what in whats]
    rows += [
        (f"classify against {what}", *(f"{part['ratios'][size][what]:,.1f}x" for size in sizes))
        for what in part["ratios"][sizes[0]]
    ]
    texts = (
        f"Median microseconds on one core; texts: {part['texts']}. `classify` includes `encode` and `rank`, `rank`"
        " includes `network`."
    )
    return [texts, "", *table(("µs", *sizes), rows)]


def _scaling(part: Mapping[str, Any]) -> list[str]:
    note = (
        f"Fastest of many calls, in process; texts {part['texts']}. Memory: peak of one call, and for"
        " vocabulary and width that of the model."
    )
    lines = [note]
    for axis, points in part["axes"].items():
        head = (axis, *(f"{point['x']:,}" for point in points))
        rows = [
            (label, *(float(point[key]) for point in points)) for label, key in (("µs", "microseconds"), ("KiB", "kib"))
        ]
        lines += ["", *table(head, rows)]
    for axis, factors in part["tenfold"].items():
        shown = ", ".join(f"{factor:.1f}x" for factor in factors)
        lines += ["", f"Ten times the {axis} (10 to 100, 100 to 1,000), without the fixed cost: {shown}."]
    return [*lines, "", "![Growth of cost](scaling.png)"]


def _startup(part: Mapping[str, Any]) -> list[str]:
    starts = [(name, *figures.values()) for name, figures in part["starts"].items()]
    loads = list(part["workers"][0]["headlines_per_second"])
    workers = [
        (run["workers"], run["cores"], *(max(m[kind] for m in run["memory_mb"]) for kind in run["memory_mb"][0]),
         *run["headlines_per_second"].values())
        for run in part["workers"]
    ]  # fmt: skip
    imports = [(name, milliseconds) for name, milliseconds in part["imports_ms"].items()]
    image = f"{part['image_mb']:,.0f} MB" if part["image_mb"] else "not measured, Docker is missing"
    note = (
        "Memory in MB of the largest worker, after load; headlines/s with the load generator on the workers' cores,"
        " where it uses the same share of each core for any number of workers."
    )
    return [
        *table(("service", "ready, s", "first prediction, s", "CPU until then, s", "resident, MB"), starts),
        "",
        note,
        "",
        *table(("workers", "cores", "resident", "proportional", "private", *loads), workers),
        "",
        *table(("slowest imports (`python -X importtime`)", "ms"), imports),
        "",
        f"Image: {image}.",
    ]


def _check(part: Mapping[str, Any]) -> list[str]:
    return table(("`python -m benchmarks check` compares with", "ratio"), part["ratios"].items())


_SECTIONS = {
    "http": ("Over HTTP", _http),
    "requests": ("Kinds of requests", _requests),
    "in_process": ("In process", _in_process),
    "startup": ("Start-up, memory, workers", _startup),
    "scaling": ("Growth of cost", _scaling),
    "check": ("Regression check", _check),
}
