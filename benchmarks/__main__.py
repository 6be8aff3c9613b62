"""The command line `python -m benchmarks`: runs all benchmarks, or one part."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

# As `python -m app` does it, before NumPy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import click

from app.classifier import BundleError
from app.settings import SettingsError
from benchmarks import history, report
from benchmarks.machine import MeasurementError, describe
from benchmarks.scaling import growth, sizing
from benchmarks.speed import in_process, over_http, regression, request_kinds, startup

RESULTS = Path(__file__).with_name("results")

_seconds = click.option(
    "--seconds", default=3.0, show_default=True, type=click.FloatRange(0.1, 60), help="Length of each measured run."
)
_rounds = click.option(
    "--rounds",
    default=3,
    show_default=True,
    type=click.IntRange(1, 20),
    help="Rounds, each with all services.",
)


class _Commands(click.Group):
    """A click group that reports a failed measurement in one sentence."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own
        try:
            return super().invoke(ctx)
        except (MeasurementError, BundleError, SettingsError) as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--results",
    default=RESULTS,
    show_default="benchmarks/results",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for results.json, README.md, history.csv and the plots.",
)
@_seconds
@_rounds
@click.pass_context
def main(ctx: click.Context, results: Path, seconds: float, rounds: int) -> None:
    """Measure the service against alternatives.

    Without a command, measures everything in about twenty minutes. The model is that of TOPICS_MODEL, or the service's
    default. A run with any failed request is not reported. Needs two cores that nothing else uses.
    """
    ctx.obj = results
    if ctx.invoked_subcommand is None:
        # The report must not mix figures of this version with those of an earlier one.
        (results / "results.json").unlink(missing_ok=True)
        ctx.invoke(in_process_command)
        ctx.invoke(scaling_command)
        ctx.invoke(startup_command, seconds=seconds, rounds=rounds)
        ctx.invoke(http_command, seconds=seconds, rounds=rounds)
        ctx.invoke(requests_command, rounds=rounds)
        _keep(results, "check", lambda: regression.measure(click.echo))
        parts = _read(results)
        history.update(results, parts)
        report.write(results, parts)


@main.command("in-process")
@click.option(
    "--seconds", default=1.0, show_default=True, type=click.FloatRange(0.01, 60), help="Length of each measurement."
)
@click.pass_obj
def in_process_command(results: Path, seconds: float) -> None:
    """Time a classification without HTTP.

    Encoding, network and ranking, against model.predict, tf.function and ONNX Runtime.
    """
    _keep(results, "in_process", lambda: in_process.measure(seconds))


@main.command("scaling")
@click.pass_obj
def scaling_command(results: Path) -> None:
    """Measure how time and memory grow.

    With words, headlines, top_k, vocabulary and hidden width.
    """
    _keep(results, "scaling", lambda: growth.measure(click.echo))


@main.command("http")
@_seconds
@_rounds
@click.pass_obj
def http_command(results: Path, seconds: float, rounds: int) -> None:
    """Measure throughput, latency and CPU over HTTP.

    Against an empty FastAPI route, two TensorFlow services, and serving frameworks that can be installed.
    """
    _keep(results, "http", lambda: over_http.measure(seconds, rounds, click.echo))


@main.command("requests")
@click.option(
    "--seconds", default=1.0, show_default=True, type=click.FloatRange(0.05, 60), help="Length of each measured run."
)
@_rounds
@click.pass_obj
def requests_command(results: Path, seconds: float, rounds: int) -> None:
    """Measure explanations, long texts and other kinds of requests.

    Latency and processor time of each, with one client.
    """
    _keep(results, "requests", lambda: request_kinds.measure(seconds, rounds, click.echo))


@main.command("startup")
@_seconds
@_rounds
@click.pass_obj
def startup_command(results: Path, seconds: float, rounds: int) -> None:
    """Measure start-up time, memory and image size.

    Also throughput with 1, 2 and 4 workers, and import times.
    """
    _keep(results, "startup", lambda: startup.measure(seconds, rounds, click.echo))


@main.command("sizing")
@click.option("--measure", is_flag=True, help="Measure first (takes two minutes) instead of using stored figures.")
@_seconds
@_rounds
def sizing_command(measure: bool, seconds: float, rounds: int) -> None:
    """Update the tables and plot of docs/scaling.md.

    Computed from docs/scaling/figures.json.
    """
    from benchmarks.scaling import scaling_page  # noqa: PLC0415 - SimPy, which nothing else here needs

    if measure:
        figures = json.loads(scaling_page.FIGURES.read_text("utf-8"))
        figures |= {"machine": describe()} | sizing.measure(seconds, rounds, click.echo)
        scaling_page.FIGURES.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    scaling_page.write()


@main.command("check")
@click.option(
    "--margin", default=0.25, show_default=True, type=click.FloatRange(0, 0.9), help="Share by which a ratio may fall."
)
@click.pass_obj
def check_command(results: Path, margin: float) -> None:
    """Compare ratios with the committed ones, for CI.

    Takes less than two minutes. Exits with status 1 if a ratio fell by more than the margin, twice.
    """
    committed = _read(results).get("check")
    if committed is None:
        raise click.ClickException(
            f"{results.name}/results.json has no ratios to compare with; run all benchmarks once."
        )
    fallen = regression.fallen_ratios(committed["ratios"], margin, click.echo)
    if fallen:
        raise click.ClickException(f"Worse by more than {margin:.0%}, twice: {', '.join(fallen)}.")


def _read(results: Path) -> dict[str, Any]:
    file = results / "results.json"
    parts: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return parts


def _keep(results: Path, part: str, measure: Callable[[], dict[str, Any]]) -> None:
    """Measure one part, store its figures in results.json, and write the report."""
    machine = describe()  # before measuring, to see how busy other programs keep the machine
    figures = measure()
    results.mkdir(parents=True, exist_ok=True)
    parts = _read(results) | {part: {"machine": machine, **figures}}
    (results / "results.json").write_text(json.dumps(parts, indent=1) + "\n")
    report.write(results, parts)
    click.echo("\n".join(report.section(part, parts)))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
