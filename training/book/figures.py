"""Figures of the book's recipes, as PNG: learning curves, and the accuracy of each variant."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from training.figures import TRAINING_COLOUR, VALIDATION_COLOUR, plot_curves, to_png
from training.history import History


def plot_loss(history: History, chosen: int) -> bytes:
    """Training and validation loss by epoch; `chosen` is the epoch at which the bundle's network stopped."""
    figure, axes = _curves(history, "loss", chosen)
    axes.set_title("Loss by epoch: training loss keeps falling, validation loss rises again")
    axes.set_ylabel("cross-entropy (nats)")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, loc="upper right")
    return to_png(figure)


def plot_accuracy(history: History, chosen: int) -> bytes:
    """Training and validation accuracy by epoch; `chosen` is the epoch at which the bundle's network stopped."""
    figure, axes = _curves(history, "accuracy", chosen)
    axes.set_title("Accuracy by epoch: training accuracy keeps rising, validation accuracy levels off")
    axes.set_ylabel("wires with the right topic")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.legend(frameon=False, loc="lower right")
    return to_png(figure)


def plot_comparison(titles: Sequence[str], accuracies: Sequence[Sequence[float]], published: float) -> bytes:
    """One row per variant: the accuracy of each seed (dots) and their mean (bar), 0 to 1."""
    figure = Figure(figsize=(9.5, 0.42 * len(titles) + 1.5), layout="constrained")
    axes = figure.add_subplot()
    rows = range(len(titles))
    means = [float(np.mean(points)) for points in accuracies]
    axes.barh(rows, means, color=TRAINING_COLOUR, alpha=0.55, height=0.62)
    for row, points in zip(rows, accuracies, strict=True):
        axes.plot(points, [row] * len(points), "o", color=TRAINING_COLOUR, markersize=4)
        axes.text(0.99, row, f"{np.mean(points):.1%}", ha="right", va="center", fontsize=9)
    axes.axvline(published, color=VALIDATION_COLOUR, linestyle="--", linewidth=1, label=f"published: {published:.1%}")
    axes.set_yticks(rows, titles, fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlabel("test wires with the right topic (bar: mean; dots: one seed each)")
    axes.set_title("The book's network and its variants, with the mean of each")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(edgecolor="none", framealpha=1, loc="lower right", bbox_to_anchor=(0.93, 0))
    return to_png(figure)


def _curves(history: History, measure: str, chosen: int) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7.5, 4.5), layout="constrained")
    axes = figure.add_subplot()
    plot_curves(axes, history, measure, "training wires", "validation wires")
    axes.axvline(chosen, color="#777777", linestyle="--", linewidth=1, label=f"the bundle's network stops ({chosen})")
    return figure, axes
