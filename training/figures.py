"""The figures of a training, as PNG: made for readers who only look."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from training.book.train import History

TRAINING_COLOUR = "#4c78a8"
VALIDATION_COLOUR = "#e45756"
_DPI = 100


def plot_loss(history: History, chosen: int) -> bytes:
    """Training and validation loss by epoch, and where training was stopped."""
    figure, axes = _curves(history, "loss", chosen)
    axes.set_title("Loss by epoch: training goes on falling, validation turns")
    axes.set_ylabel("cross-entropy (nats)")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, loc="upper right")
    return to_png(figure)


def plot_accuracy(history: History, chosen: int) -> bytes:
    """Training and validation accuracy by epoch, and where training was stopped."""
    figure, axes = _curves(history, "accuracy", chosen)
    axes.set_title("Accuracy by epoch: training goes on rising, validation levels off")
    axes.set_ylabel("wires with the right topic")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.legend(frameon=False, loc="lower right")
    return to_png(figure)


def plot_confusion(confusion: NDArray[np.int64], codes: Sequence[str]) -> bytes:
    """Share of each topic's wires by predicted topic; int64 [n, n], rows are labels; rows without wires stay blank."""
    totals = confusion.sum(axis=1, keepdims=True)
    shares = np.divide(confusion, totals, out=np.zeros(confusion.shape), where=totals > 0)
    figure = Figure(figsize=(11, 10), layout="constrained")
    axes = figure.add_subplot()
    # The square root lifts the small confusions, which are what one looks for, above the paper's white.
    image = axes.imshow(shares, cmap="Blues", norm=PowerNorm(0.5, 0, 1))
    names = [f"{code} ({total:,})" for code, total in zip(codes, totals[:, 0], strict=True)]
    axes.set_xticks(range(len(codes)), codes, rotation=90, fontsize=8)
    axes.set_yticks(range(len(codes)), names, fontsize=8)
    axes.set_xticks(np.arange(len(codes) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(codes) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#e6e6e6", linewidth=0.4)
    axes.tick_params(which="both", length=0)
    axes.set_title("Which topic is taken for which: each row shows where the wires of one topic went", fontsize=12)
    axes.set_xlabel("predicted topic")
    axes.set_ylabel("topic of the wire (number of test wires)")
    bar = figure.colorbar(image, ax=axes, shrink=0.6, pad=0.01)
    bar.set_label("share of the topic's test wires")
    bar.set_ticks([0, 0.05, 0.2, 0.5, 1.0])
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    return to_png(figure)


def plot_comparison(titles: Sequence[str], accuracies: Sequence[Sequence[float]], published: float) -> bytes:
    """One row a variant: its accuracy from each seed (dots) and their mean (bar)."""
    figure = Figure(figsize=(9.5, 0.42 * len(titles) + 1.5), layout="constrained")
    axes = figure.add_subplot()
    rows = range(len(titles))
    means = [float(np.mean(one)) for one in accuracies]
    axes.barh(rows, means, color=TRAINING_COLOUR, alpha=0.55, height=0.62)
    for row, one in zip(rows, accuracies, strict=True):
        axes.plot(one, [row] * len(one), "o", color=TRAINING_COLOUR, markersize=4)
        axes.text(0.99, row, f"{np.mean(one):.1%}", ha="right", va="center", fontsize=9)
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
    epochs = range(1, len(history[measure]) + 1)
    axes.plot(epochs, history[measure], "o-", color=TRAINING_COLOUR, markersize=4, label="training wires")
    axes.plot(epochs, history[f"val_{measure}"], "o-", color=VALIDATION_COLOUR, markersize=4, label="validation wires")
    axes.axvline(chosen, color="#777777", linestyle="--", linewidth=1, label=f"the bundle's network stops ({chosen})")
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def to_png(figure: Figure) -> bytes:
    """The figure as PNG; a Figure of its own uses Agg and none of pyplot's global state."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None}, pil_kwargs={"optimize": True})
    return buffer.getvalue()
