"""Measures `python -m training fit` on labelled sets that are not in the repository: accuracy, time, memory, size.

    python -m benchmarks.labelled_sets --data DIR ynat7 banking77

DIR holds NAME.train.tsv.gz and NAME.test.tsv.gz, each line a label, a tab and a text, without a header.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from statistics import fmean

import click

from benchmarks.machine import MeasurementError
from training.fit.baselines import TFIDF


@dataclass(frozen=True, slots=True)
class Run:
    """Figures of one fit on one set."""

    accuracy: float
    macro_f1: float
    ece: float
    baseline: float
    """Accuracy of TF-IDF with a linear SVM."""
    seconds: float
    memory: float
    """Largest resident memory in megabytes."""
    size: float
    """Of the bundle, in megabytes."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--data", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder.")
@click.option("--seeds", type=click.IntRange(1, 20), default=3, show_default=True, help="Fits per set.")
def main(names: tuple[str, ...], data: Path, seeds: int) -> None:
    """Fit a model to each set and print a table of the means over seeds."""
    for line in HEADER:
        click.echo(line)
    for name in names:
        try:
            runs = [fit(data, name, seed) for seed in range(1, seeds + 1)]
        except MeasurementError as error:
            raise click.ClickException(str(error)) from None
        click.echo(row(name, runs))


HEADER = (
    "| set | accuracy | macro-F1 | calibration error | TF-IDF, LinearSVC | s | MB | bundle, MB |",
    "|" + " --- |" * 8,
)


def row(name: str, runs: Sequence[Run]) -> str:
    """One row of the table: the means of some runs."""
    shown = [fmean(values) for values in zip(*map(astuple, runs), strict=True)]
    forms = (".3f", ".3f", ".3f", ".3f", ".0f", ".0f", ".1f")
    return f"| {name} | " + " | ".join(f"{value:{form}}" for value, form in zip(shown, forms, strict=True)) + " |"


def fit(data: Path, name: str, seed: int) -> Run:
    """Run the command in a process of its own, and read the manifest that it writes.

    Raises:
        MeasurementError: a file is missing, or the command fails.
    """
    train, test = (data / f"{name}.{part}.tsv.gz" for part in ("train", "test"))
    for file in (train, test):
        if not file.is_file():
            raise MeasurementError(f"{file}: does not exist; name a set of the folder.")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / name / str(seed)
        options = ["--no-header", "--label", "1", "--text", "2", "--seed", str(seed), "--output", str(target)]
        command = [sys.executable, "-m", "training", "fit", str(train), "--test", str(test), *options]
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise MeasurementError(f"{name}: fit ended with status {process.returncode}.")
        figures = json.loads((target / "manifest.json").read_text("utf-8"))["figures"]
        size = sum(file.stat().st_size for file in target.iterdir())
    test = figures["test"]
    [baseline] = [one["accuracy"] for one in figures["baselines"] if one["name"] == TFIDF]
    return Run(test["accuracy"], test["macro_f1"], test["ece"], baseline, seconds, used.ru_maxrss / 1024, size / 1e6)


if __name__ == "__main__":
    main()
