"""Figures of the headline model's card, as PNG: learning curves and reliability diagrams."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from training.evaluation.measure import Bin
from training.figures import TRAINING_COLOUR, plot_curves, to_png
from training.history import History


def plot_learning(history: History) -> bytes:
    """Loss and accuracy of the MLPs by epoch, on training texts and on held-out wires."""
    figure = Figure(figsize=(9.5, 4), layout="constrained")
    for axes, measure, title in zip(
        figure.subplots(1, 2), ("loss", "accuracy"), ("Loss (nats)", "Accuracy"), strict=True
    ):
        plot_curves(axes, history, measure, "learned from, words dropped", "held-out titles, bodies")
        axes.set_title(f"{title} by epoch: the networks without the SVM", fontsize=10)
        axes.legend(frameon=False)
    return to_png(figure)


def plot_reliability(parts: Sequence[tuple[str, Sequence[Bin], float]]) -> bytes:
    """One reliability diagram per part (title, bins, calibration error): accuracy by confidence."""
    figure = Figure(figsize=(4.6 * len(parts), 4.6), layout="constrained")
    for axes, (title, bins, ece) in zip(figure.subplots(1, len(parts), squeeze=False)[0], parts, strict=True):
        axes.plot([0, 1], [0, 1], "--", color="#777777", linewidth=1, label="confidence = accuracy")
        most = max(group.texts for group in bins)
        sizes = [20 + 180 * group.texts / most for group in bins]
        axes.plot(
            [group.confidence for group in bins], [group.accuracy for group in bins], color=TRAINING_COLOUR, alpha=0.5
        )
        axes.scatter(
            [group.confidence for group in bins],
            [group.accuracy for group in bins],
            s=sizes,
            color=TRAINING_COLOUR,
            alpha=0.8,
        )
        for group in bins:
            axes.annotate(
                f"{group.texts:,}", (group.confidence, group.accuracy), (4, -11), textcoords="offset points", fontsize=7
            )
        axes.set_title(f"{title}: calibration error {ece:.3f}", fontsize=10)
        axes.set_xlabel("probability of the best topic (dots: 15 bins, with texts)")
        axes.set_ylabel("share of them that is right")
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_xlim(0, 1.03)
        axes.set_ylim(0, 1.03)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="upper left")
    return to_png(figure)
