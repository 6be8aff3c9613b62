import numpy as np
import pytest

from training.data.topics import TOPICS
from training.figures import plot_confusion

CONFUSION = np.diag(np.arange(46)) + np.random.default_rng(1).binomial(3, 0.05, (46, 46))
MAX_BYTES = 150_000


@pytest.mark.parametrize(
    "confusion", [CONFUSION, np.zeros((46, 46), np.int64)], ids=["confusion", "confusion of nothing"]
)
def test_figure_is_a_png_of_moderate_size(confusion: np.ndarray) -> None:
    png = plot_confusion(confusion, TOPICS)
    assert png.startswith(b"\x89PNG")
    assert len(png) < MAX_BYTES
