"""The model card of the shipped bundle is what its manifest gives, but for the book's figures, which need the data."""

from pathlib import Path

import numpy as np
import pytest

from app.classifier import load_bundle
from app.classifier.bundle import CARD
from app.classifier.manifest import Manifest
from tests.real_data import REPOSITORY
from training.evaluation.evaluate import Evaluation, measure
from training.headlines.reporting.model_card import write_card

BUNDLE = REPOSITORY / "models" / "headlines" / "1"
BASELINES = REPOSITORY / "docs" / "headlines" / "baselines.json"


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return load_bundle(BUNDLE).manifest


def test_card_is_the_shipped_one(manifest: Manifest) -> None:
    made = write_card(manifest, None, BASELINES).splitlines()
    shipped = [
        line
        for line in (BUNDLE / CARD).read_text("utf-8").splitlines()
        if not line.startswith("| the book's network |")
    ]
    assert len(made) == len(shipped)
    different = [(one, other) for one, other in zip(made, shipped, strict=True) if one != other]
    assert len(different) == 7  # the table of what was to be reached, whose last column is the book's
    for one, other in different:
        assert one.endswith(" - |")
        assert one.split(" | ")[:3] == other.split(" | ")[:3]


def test_books_figures_stand_beside_the_models(manifest: Manifest) -> None:
    probabilities = np.array([[0.6, 0.4], [0.4, 0.6], [0.7, 0.3], [0.2, 0.8]], np.float32)
    one: Evaluation = measure(probabilities, np.array([0, 0, 0, 1]), [(0,), (0, 1), (0,), (1,)])
    card = write_card(manifest, dict.fromkeys(manifest.figures, one), BASELINES).splitlines()
    titles = next(line for line in card if line.startswith("| test titles | 0.895 |"))
    assert titles.endswith("| 0.750 |")
    assert "| the book's network | 0.750 / 1.000 | 0.750 / 1.000 | 0.750 / 1.000 |" in card


def test_one_seed_has_no_spread_and_no_baselines_no_table(manifest: Manifest, tmp_path: Path) -> None:
    alone = manifest.model_copy(update={"recipe": manifest.recipe | {"seeds": [1]}})
    card = write_card(alone, None, tmp_path / "none.json")
    assert "Trained from one seed only, so the spread is not known." in card
    assert "Beside baselines" not in card
    assert "--seeds 1`" in card
