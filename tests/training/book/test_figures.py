import pytest

from training.book.figures import plot_accuracy, plot_comparison, plot_loss

HISTORY = {
    "loss": [3.0, 1.0, 0.5],
    "accuracy": [0.2, 0.5, 0.9],
    "val_loss": [2.0, 1.5, 1.6],
    "val_accuracy": [0.3, 0.5, 0.5],
}
MAX_BYTES = 150_000


@pytest.mark.parametrize(
    "png",
    [plot_loss(HISTORY, 2), plot_accuracy(HISTORY, 2), plot_comparison(["a", "b"], [[0.7, 0.8], [0.2]], 0.776)],
    ids=["loss", "accuracy", "comparison"],
)
def test_figure_is_a_png_of_moderate_size(png: bytes) -> None:
    assert png.startswith(b"\x89PNG")
    assert len(png) < MAX_BYTES


def test_equal_figures_make_equal_files() -> None:
    assert plot_loss(HISTORY, 2) == plot_loss(HISTORY, 2)
    assert plot_loss(HISTORY, 2) != plot_loss(HISTORY, 3)
