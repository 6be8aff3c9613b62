"""`fit` on rows with several labels, from the file to the bundle, with a small network."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from app.classifier import TopicClassifier, load_classifier
from app.classifier.networks.dense_network import Dense
from tests.tiny_bundle import keras_file
from tests.training.bundles.test_export import assert_onnx_agrees
from training.cli import cli
from training.fit import publish, train
from training.fit.sizes import recipe_for
from training.headlines.recipe import Recipe

LABELS = ("food", "sport", "rain")


def rows(count: int, seed: int = 0) -> list[tuple[str, list[str]]]:
    """Texts with words of all their labels; an eighth has none."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        own = [label for label in LABELS if rng.random() < 0.5]
        words = [f"{label}{rng.integers(6)}" for label in own for _ in range(2)]
        made.append((" ".join([*rng.permutation(words), *rng.choice(["the", "of", "a", "new", "more"], 3)]), own))
    return made


def write(path: Path, some: Sequence[tuple[str, list[str]]]) -> Path:
    path.write_text("text,label\n" + "".join(f"{text},{'|'.join(labels)}\n" for text, labels in some))
    return path


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The bundle, and what the command printed."""

    def small(count: int, units: int) -> Recipe:
        return replace(recipe_for(count, units), networks=1, hidden=8, epochs=4, batch_size=16)

    def save(layers: Sequence[Dense], path: Path, output: str) -> None:  # as Keras would, without importing it
        weights = [(one.kernel, one.bias, one.activation) for one in layers]
        path.write_bytes(keras_file([*weights[:-1], (*weights[-1][:2], output)], unit_length=True))

    folder = tmp_path_factory.mktemp("fit")
    test = write(folder / "test.csv", rows(60, seed=1))
    (texts := folder / "new.txt").write_text("food1 rain2 of the\nsport3 sport4 new\n")
    target = folder / "models" / "days" / "1"
    files = [str(write(folder / "rows.csv", rows(240))), "--test", str(test), "--unlabelled", str(texts)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "recipe_for", small)
        patch.setattr(publish, "save_stack", save)
        patch.setattr("training.cli.labelled.ensure_tensorflow", lambda: None)
        options = ["--label-separator", "|", "--outside", "", "--output", str(target)]
        run = CliRunner().invoke(cli, ["fit", *files, *options])
    assert run.exit_code == 0, run.output
    return target, run.output


@pytest.fixture(scope="module")
def classifier(fitted: tuple[Path, str]) -> TopicClassifier:
    return load_classifier(fitted[0])


def test_texts_are_given_all_their_labels_and_no_other(classifier: TopicClassifier) -> None:
    texts = rows(200, seed=2)
    answers = classifier.classify([text for text, _ in texts])
    given = [{classifier.topics[label].code for label in one.topic_set} for one in answers]
    assert np.mean([some == {*own} for some, (_, own) in zip(given, texts, strict=True)]) > 0.9


def test_manifest_has_a_threshold_for_each_label_and_figures_of_all(classifier: TopicClassifier) -> None:
    manifest = classifier.bundle.manifest
    assert manifest.format == 4
    assert manifest.multi_label is not None
    assert (manifest.calibration, manifest.topic_set, manifest.outside) == (None, None, None)
    figures = manifest.figures
    assert figures["test"]["micro_f1"] > 0.9
    assert figures["held_out"]["micro_f1"] > 0.9
    assert figures["held_out"]["texts"] == manifest.data["held_out_rows"]
    assert {one["name"] for one in figures["baselines"]} == {"most frequent label", "TF-IDF and linear SVM"}
    assert all("micro_f1" in one for one in figures["baselines"])
    assert sum(topic.support for topic in manifest.topics) > 1.2 * manifest.data["train_rows"]
    assert sum(manifest.reference["topic_mix"].values()) == pytest.approx(1, abs=1e-5)


def test_card_and_summary_speak_of_several_labels(fitted: tuple[Path, str]) -> None:
    target, out = fitted
    card = (target / "README.md").read_text()
    assert "| labels of a text | every label with a probability of at least 0." in card
    assert "| model | micro-F1 | macro-F1 | calibration error |" in card
    assert "Micro-F1 of a simpler linear SVM with the model's features, by number of training rows: " in card
    assert "sigmoid" in card
    assert "rediction set" not in card + out
    assert "training rows with several labels: the model gives a text any number of labels" in out
    assert "on 60 test rows        micro-F1  macro-F1  calibration error" in out


def test_description_names_the_files_that_it_was_trained_and_tested_on(fitted: tuple[Path, str]) -> None:
    description = json.loads((fitted[0] / "manifest.json").read_text())["description"]
    assert description.endswith("under 3 labels of rows.csv, tested on test.csv.")


def test_rows_with_a_label_too_many_or_too_few_are_suspects(fitted: tuple[Path, str]) -> None:
    assert fitted[0].with_name("1.suspects.csv").read_text().startswith("text,label,likelier_label,")
    assert len(fitted[0].with_name("1.to_label.csv").read_text().splitlines()) == 3


def test_evaluate_measures_all_labels_alone_and_against_another(fitted: tuple[Path, str], tmp_path: Path) -> None:
    target = str(fitted[0])
    test = str(write(tmp_path / "test.csv", [*rows(40, seed=3), ("food1 food2", ["rain"])]))
    options = ["--test", test, "--label-separator", "|", "--outside", ""]
    shown = CliRunner().invoke(cli, ["evaluate", target, *options]).stdout
    assert "micro-F1  " in shown
    assert "food predicted wrongly: 1\n    food1 food2\n" in shown
    assert "rain not predicted: 1\n    food1 food2\n" in shown
    figures = json.loads(CliRunner().invoke(cli, ["evaluate", target, *options, "--json"]).stdout)
    assert figures["test"]["micro_f1"] > 0.9
    against = CliRunner().invoke(cli, ["evaluate", target, *options, "--against", target])
    assert f"| {target} wrong | 0 |" in against.stdout  # two bundles of one name are told apart by their folders
    assert "Both give the same answer to every text." in against.stdout


def test_onnx_export_gives_the_same_probabilities_and_labels(fitted: tuple[Path, str], tmp_path: Path) -> None:
    assert_onnx_agrees(fitted[0], [text for text, _ in rows(40, seed=3)] + ["nothing known"], tmp_path / "onnx")
