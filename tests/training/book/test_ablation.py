import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training.book import ablation
from training.book.ablation import Row, ensure_equal_losses, ensure_equal_vectors, markdown, write_comparison
from training.book.recipes import RECIPES
from training.data.dataset import Dataset
from training.errors import OutputError, TrainingError

ROWS = [
    Row("book", "The book", 9, 647_214, [0.79, 0.77], [0.95, 0.97]),
    Row("majority", "Always the most frequent topic", None, None, [0.362], []),
]


@pytest.mark.slow
def test_recipes_and_chance_are_set_side_by_side(small_set: Dataset) -> None:
    recipes = [replace(RECIPES[name], words=400, validation=200, epochs=2) for name in ("book", "integer-labels")]
    epochs = []
    rows = ablation.compare(recipes, small_set, [1, 2], lambda *_: epochs.append(1))
    assert [row.name for row in rows] == ["book", "integer-labels", "majority", "shuffled"]
    assert rows[0].losses == pytest.approx(rows[1].losses, abs=ablation.FLOAT_NOISE)
    assert len(epochs) == 2 * 2 * 2
    assert rows[-1].accuracies != rows[-2].accuracies


def test_losses_that_differ_by_more_than_float_noise_are_reported() -> None:
    other = replace(ROWS[0], name="integer-labels", losses=[0.95, 0.98])
    with pytest.raises(TrainingError, match=r"end 0\.01 apart from the same seed"):
        ensure_equal_losses([ROWS[0], other])
    ensure_equal_losses([ROWS[0], replace(other, losses=[0.95, 0.97])])
    ensure_equal_losses(ROWS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "utility"), [("vectorize_sequences", "CategoryEncoding"), ("to_one_hot", "to_categorical")]
)
def test_vectors_that_are_not_those_of_keras_are_reported(
    small_set: Dataset, monkeypatch: pytest.MonkeyPatch, name: str, utility: str
) -> None:
    right = getattr(ablation, name)
    monkeypatch.setattr(ablation, name, lambda *args: np.roll(right(*args), 1, axis=1))
    with pytest.raises(TrainingError, match=utility):
        ensure_equal_vectors(small_set, sample=3)


def test_table_has_a_row_for_each_variant() -> None:
    table = markdown(ROWS, [1, 2])
    assert "| `book` | The book | 647,214 | 9 | 78.0% ± 1.4% | 0.960 ± 0.014 |" in table
    assert "| `majority` | Always the most frequent topic | - | - | 36.2% | - |" in table


def test_comparison_is_written_as_table_json_and_figure(tmp_path: Path) -> None:
    write_comparison(ROWS, [1, 2], tmp_path / "new")
    assert json.loads((tmp_path / "new" / "compare.json").read_text())["rows"][0]["accuracy"]["each"] == [0.79, 0.77]
    assert {file.name for file in (tmp_path / "new").iterdir()} == {"compare.md", "compare.json", "compare.png"}


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="choose another --output"):
        write_comparison(ROWS, [1], tmp_path / "file" / "x")
