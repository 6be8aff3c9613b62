"""What the figures of the headline model's card show; size and colours are not tested."""

from typing import Any

import pytest
from matplotlib.figure import Figure

from training.evaluation.measure import Bin
from training.headlines import figures
from training.headlines.figures import plot_learning, plot_reliability

HISTORY = {"loss": [3.0, 1.0], "accuracy": [0.2, 0.5], "val_loss": [2.0, 1.5], "val_accuracy": [0.3, 0.4]}
BINS = (Bin(10, 0.5, 0.4), Bin(1_000, 0.9, 0.95))


@pytest.fixture
def figure(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that were drawn."""
    drawn: list[Figure] = []
    write = figures.to_png

    def keep(figure: Figure) -> bytes:
        drawn.append(figure)
        return write(figure)

    monkeypatch.setattr(figures, "to_png", keep)
    return drawn


def legend(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def lines(axes: Any) -> list[list[list[float]]]:
    return [[list(map(float, data)) for data in line.get_data()] for line in axes.get_lines()]


def test_learning_shows_both_measures_by_epoch_learned_from_and_held_out(figure: list[Figure]) -> None:
    assert plot_learning(HISTORY).startswith(b"\x89PNG")
    loss, accuracy = figure[0].axes
    assert lines(loss) == [[[1, 2], [3, 1]], [[1, 2], [2, 1.5]]]
    assert lines(accuracy) == [[[1, 2], [0.2, 0.5]], [[1, 2], [0.3, 0.4]]]
    for axes, title in ((loss, "Loss (nats) by epoch"), (accuracy, "Accuracy by epoch")):
        assert axes.get_title().startswith(title)
        assert axes.get_xlabel() == "epoch"
        assert legend(axes) == ["learned from, words dropped", "held-out titles, bodies"]
        assert len({line.get_color() for line in axes.get_lines()}) == 2
        assert all(tick == int(tick) for tick in axes.get_xticks())


def test_reliability_shows_each_part_with_its_bins(figure: list[Figure]) -> None:
    assert plot_reliability([("titles", BINS, 0.0123), ("bodies", BINS[:1], 0.1)]).startswith(b"\x89PNG")
    titles, bodies = figure[0].axes
    assert titles.get_title() == "titles: calibration error 0.012"
    assert bodies.get_title() == "bodies: calibration error 0.100"
    assert lines(titles) == [[[0, 1], [0, 1]], [[0.5, 0.9], [0.4, 0.95]]]
    [dots] = titles.collections
    assert dots.get_offsets().tolist() == [[0.5, 0.4], [0.9, 0.95]]
    assert dots.get_sizes().tolist() == [20 + 180 / 100, 200]
    assert [(text.get_text(), text.xy) for text in titles.texts] == [("10", (0.5, 0.4)), ("1,000", (0.9, 0.95))]
    assert legend(titles) == ["confidence = accuracy"]
    assert (titles.get_xlim(), titles.get_ylim()) == ((0, 1.03), (0, 1.03))
    assert titles.get_xlabel().startswith("probability of the best topic")
    assert titles.get_ylabel() == "share of them that is right"
    assert [axis.get_major_formatter()(0.5) for axis in (titles.xaxis, titles.yaxis)] == ["50%", "50%"]
    width, height = figure[0].get_size_inches()
    assert width == pytest.approx(2 * height)
