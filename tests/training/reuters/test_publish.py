"""The bundle of a small training: complete, with measured figures and a card that shows them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.classifier import load_classifier
from training.data.corpus import ArchiveWire, Wire
from training.data.dataset import LICENCE, Dataset, Part
from training.evaluation.evaluate import evaluate
from training.reuters.publish import publish_headlines
from training.reuters.train import HeadlineTraining


@pytest.fixture(scope="module")
def small_headlines_set(small_corpus: tuple[Wire, ...]) -> Dataset:
    """The same wires in the form of the Keras data set."""

    def part(split: str) -> Part:
        wires = [wire for wire in small_corpus if wire.split == split]
        return Part(tuple(wire.keras_text for wire in wires), np.array([wire.label for wire in wires]))

    return Dataset(part("train"), part("test"), {}, {"reuters.npz": "0" * 64})


@pytest.fixture(scope="module")
def bundle(
    small_training: HeadlineTraining,
    small_headlines_set: Dataset,
    small_corpus: tuple[Wire, ...],
    small_outside: tuple[ArchiveWire, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    target = tmp_path_factory.mktemp("models") / "small" / "1"
    later = [replace(wire, part="TEST") for wire in small_outside]
    publish_headlines(target, small_training, small_headlines_set, small_corpus, later)
    return target


def test_bundle_holds_card_plots_and_history(bundle: Path) -> None:
    plots = ["learning.png", "reliability.png", "confusion.png"]
    assert {file.name for file in bundle.iterdir()} == {
        *("manifest.json", "model.keras", "word_index.json", "golden.json", "README.md", "history.csv"),
        *plots,
    }
    card = (bundle / "README.md").read_text()
    assert all(f"]({name})" in card for name in plots)
    assert "{" not in card
    runs = [line.split(",")[:2] for line in (bundle / "history.csv").read_text().splitlines()[1:]]
    assert runs == [["explore", "1"]] * 4 + [["train", "1"]] * 4 + [["train", "2"]] * 4


def test_figures_are_those_that_evaluate_finds_and_have_a_spread(
    bundle: Path, small_headlines_set: Dataset, small_corpus: tuple[Wire, ...]
) -> None:
    manifest = load_classifier(bundle).bundle.manifest
    measured = evaluate(load_classifier(bundle), small_headlines_set, small_corpus)
    assert set(measured) >= {"test", "own_body", "decoded_body", "test_titles"}
    for part, evaluation in measured.items():
        assert evaluation.figures() == pytest.approx(manifest.figures[part], abs=1e-6)
    assert manifest.figures["test_titles"]["accuracy"] > 0.7
    assert manifest.figures["seeds"]["test_titles"]["accuracy"]["deviation"] >= 0
    assert manifest.topics[0].recall == measured["test_titles"].topics[0].recall


def test_present_day_headlines_are_in_manifest_and_card(bundle: Path) -> None:
    figures = json.loads((bundle / "manifest.json").read_text())["figures"]
    card = (bundle / "README.md").read_text()
    for name, row in {"present_day": "", "present_day_2": ", second set"}.items():
        one = figures[name]
        assert one["wires"] > 130
        assert f"| present-day headlines{row} | {one['wires']} | {one['accuracy']:.3f} |" in card
        assert figures["seeds"][name]["accuracy"]["deviation"] >= 0
    assert "*Present-day headlines*" in card


def test_manifest_names_the_files_of_the_data_set_and_its_licence(bundle: Path) -> None:
    data = json.loads((bundle / "manifest.json").read_text())["data"]
    assert data["licence"] == LICENCE
    assert data["sha256"]["reuters.npz"] == "0" * 64
    assert set(data) == {"sha256", "licence"}
    assert set(data["sha256"]) == {"reuters.npz", "lexicon", "clusters"}


def test_manifest_carries_calibration_and_topic_set(bundle: Path, small_training: HeadlineTraining) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    assert manifest["calibration"]["gap_slope"] == small_training.calibration.gap_slope
    assert manifest["topic_set"] == {"coverage": 0.9, "threshold": small_training.topic_set.threshold}
    outside = small_training.outside
    assert outside is not None
    assert manifest["format"] == 2
    assert manifest["outside"] == pytest.approx(outside.model_dump())
    assert 0 <= manifest["reference"]["outside_ratio"] < 0.5
    assert manifest["encoding"]["pairs"] is True
    assert manifest["recipe"]["seeds"] == [1, 2]


def test_bundle_answers_with_a_topic_set_and_pairs(bundle: Path) -> None:
    classifier = load_classifier(bundle)
    [answer] = classifier.classify(["cocoa icco beans ghana"])
    assert answer.labels[0] == 0
    assert answer.topic_set
    assert classifier.classify(["qwertyuiop"])[0].abstained == "no_known_words"


def test_outside_is_measured_recorded_in_golden_headlines_and_explained_in_the_card(bundle: Path) -> None:
    figures = json.loads((bundle / "manifest.json").read_text())["figures"]["outside"]
    assert (figures["with_topic"], figures["without"]) == (150, 200)
    assert figures["auroc"] > 0.95
    card = (bundle / "README.md").read_text()
    assert "## None of the topics" in card
    assert f"| {figures['auroc']:.3f} | {figures['lost']:.3f} | {figures['found']:.3f} |" in card
    assert "picks one of the 46 topics for any text" not in card
    golden = json.loads((bundle / "golden.json").read_text())
    assert any("outside" in one for one in golden)
    [film] = load_classifier(bundle).classify(["election storm film"])
    assert film.abstained == "outside"
