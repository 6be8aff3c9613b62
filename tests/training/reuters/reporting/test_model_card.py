"""The model card of the shipped bundle equals the one generated from its manifest and the table of baselines."""

import json
from pathlib import Path

import pytest

from app.classifier import load_bundle
from app.classifier.bundle import CARD
from app.classifier.manifest import Manifest
from tests.real_data import REPOSITORY
from training.reuters.reporting.model_card import write_card

BUNDLE = REPOSITORY / "models" / "headlines" / "7"
BASELINES = REPOSITORY / "docs" / "headlines" / "baselines.json"


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return load_bundle(BUNDLE).manifest


def test_card_is_the_shipped_one(manifest: Manifest) -> None:
    assert write_card(manifest, BASELINES) == (BUNDLE / CARD).read_text("utf-8")


def test_card_describes_the_network_that_is_in_the_model(manifest: Manifest) -> None:
    first, middle, last = manifest.network
    sizes = [layer.bias.shape[0] for layer in (first, middle, last)]
    expected = f"Dense {sizes[0]} linear, {sizes[1]} relu, {sizes[2] - 1} softmax and one unit for `outside`"
    assert f"| network | {expected} |" in write_card(manifest, BASELINES)


def test_baselines_and_the_books_figures_stand_beside_the_models(manifest: Manifest, tmp_path: Path) -> None:
    score = {"accuracy": 0.75, "any_topic_accuracy": 1.0}
    rows = [{"name": name, "titles": score, "own": score, "official": score} for name in ("SVM", "`book/1`", "`old/7`")]
    (tmp_path / "baselines.json").write_text(json.dumps(rows))
    card = write_card(manifest, tmp_path / "baselines.json").splitlines()
    assert "| SVM | 0.750 / 1.000 | 0.750 / 1.000 | 0.750 / 1.000 |" in card
    assert "| the book's network | 0.750 / 1.000 | 0.750 / 1.000 | 0.750 / 1.000 |" in card
    ours = [manifest.figures[part] for part in ("test_titles", "decoded_body", "test")]
    cells = " | ".join(f"{one['accuracy']:.3f} / {one['any_topic_accuracy']:.3f}" for one in ours)
    assert f"| **this model** | {cells} |" in card
    assert not any("old/7" in line for line in card)


def test_one_seed_has_no_spread_and_no_baselines_no_table(manifest: Manifest, tmp_path: Path) -> None:
    alone = manifest.model_copy(update={"recipe": manifest.recipe | {"seeds": [1]}})
    card = write_card(alone, tmp_path / "none.json")
    assert "Trained from one seed only, so the spread is not known." in card
    assert "Compared with baselines" not in card
    assert "--recipe headlines --seeds 1 --output models/mine/1`" in card
