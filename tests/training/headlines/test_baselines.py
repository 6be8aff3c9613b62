import json
from pathlib import Path

import pytest

from app.classifier import load_classifier
from tests.training.headlines.conftest import make_corpus
from training.errors import RecipeError
from training.headlines.baselines import (
    LINEAR,
    check_sentence_transformer,
    run_baselines,
    words_and_pairs,
    write_baselines,
)


def test_pairs_follow_words() -> None:
    assert words_and_pairs("Oil prices, up") == ["oil", "prices", "up", "oil prices", "prices up"]


@pytest.mark.slow
def test_baselines_and_bundle_stand_in_one_table(tiny_bundle: Path, tmp_path: Path) -> None:
    rows = run_baselines(make_corpus(), [load_classifier(tiny_bundle)])
    assert [row.name for row in rows] == [*LINEAR, "`tiny/1`"]
    assert all(row.titles.accuracy > 0.6 for row in rows)
    assert all(row.titles.any_topic_accuracy >= row.titles.accuracy for row in rows)
    assert rows[0].own.accuracy > rows[0].official.accuracy  # every fifth official text is the wrong one
    write_baselines(rows, tmp_path)
    assert (tmp_path / "baselines.md").read_text().count("\n| TF-IDF") == len(LINEAR)
    assert json.loads((tmp_path / "baselines.json").read_text())[0]["titles"]["accuracy"] == rows[0].titles.accuracy


def test_sentence_transformer_that_is_not_installed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(RecipeError, match="needs the package sentence-transformers"):
        check_sentence_transformer()
