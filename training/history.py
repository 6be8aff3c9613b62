"""Training history: loss and accuracy by epoch, as CSV, and their spread over several seeds."""

import csv
import io
import statistics
from collections.abc import Iterable, Sequence
from typing import Final

HISTORY: Final = "history.csv"
"""Name of the file in a bundle."""

MEASURES: Final = ("loss", "accuracy", "val_loss", "val_accuracy")

History = dict[str, list[float]]
"""Measure (one of MEASURES) -> its value after each epoch. Without validation data there are no `val_` measures."""


def history_csv(runs: Iterable[tuple[str, int, History]]) -> bytes:
    """Every epoch of every run (name, seed, history) as one CSV row; a measure that the run lacks is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("run", "seed", "epoch", *MEASURES))
    for name, seed, history in runs:
        for epoch in range(len(history["loss"])):
            values = (f"{history[measure][epoch]:.6f}" if measure in history else "" for measure in MEASURES)
            writer.writerow((name, seed, epoch + 1, *values))
    return text.getvalue().encode()


def spread(values: Sequence[float]) -> dict[str, float]:
    """Mean, sample standard deviation (n - 1; 0 for one value), minimum and maximum: `mean deviation min max`."""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return {"mean": statistics.fmean(values), "deviation": deviation, "min": min(values), "max": max(values)}
