"""Confusion matrix as PNG, and what all figures share: learning curves, colours, PNG format."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

TRAINING_COLOUR = "#4c78a8"
VALIDATION_COLOUR = "#e45756"
_DPI = 100


def plot_confusion(confusion: NDArray[np.int64], codes: Sequence[str]) -> bytes:
    """Confusion matrix as a heat map: how the texts of each topic were classified.

    Args:
        confusion: int64 [topics, topics], rows are labels, columns predictions; rows without texts stay blank.
        codes: the topics' codes.
    """
    totals = confusion.sum(axis=1, keepdims=True)
    shares = np.divide(confusion, totals, out=np.zeros(confusion.shape), where=totals > 0)
    side = min(10.0, 4 + 0.2 * len(codes))
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axes = figure.add_subplot()
    # A square-root scale keeps small shares visible against white.
    image = axes.imshow(shares, cmap="Blues", norm=PowerNorm(0.5, 0, 1))
    names = [f"{code} ({total:,})" for code, total in zip(codes, totals[:, 0], strict=True)]
    axes.set_xticks(range(len(codes)), codes, rotation=90, fontsize=8)
    axes.set_yticks(range(len(codes)), names, fontsize=8)
    axes.set_xticks(np.arange(len(codes) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(codes) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#e6e6e6", linewidth=0.4)
    axes.tick_params(which="both", length=0)
    axes.set_title("Confusion matrix: how the texts of each topic were answered", fontsize=min(12, 1.2 * side))
    axes.set_xlabel("predicted topic")
    axes.set_ylabel("right topic (number of test texts)")
    bar = figure.colorbar(image, ax=axes, shrink=0.6, pad=0.01)
    bar.set_label("share of the topic's test texts")
    bar.set_ticks([0, 0.05, 0.2, 0.5, 1.0])
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    return to_png(figure)


def plot_curves(axes: Axes, history: Mapping[str, Sequence[float]], measure: str, learned: str, held_out: str) -> None:
    """Draw a measure by epoch on training texts and on held-out ones; `learned` and `held_out` name them."""
    epochs = range(1, len(history[measure]) + 1)
    axes.plot(epochs, history[measure], "o-", color=TRAINING_COLOUR, markersize=4, label=learned)
    axes.plot(epochs, history[f"val_{measure}"], "o-", color=VALIDATION_COLOUR, markersize=4, label=held_out)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def to_png(figure: Figure) -> bytes:
    """The figure as PNG. Figures are made without pyplot, so there is no global state, and Agg draws them."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None}, pil_kwargs={"optimize": True})
    return buffer.getvalue()
