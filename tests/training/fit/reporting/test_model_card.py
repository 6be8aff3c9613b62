"""Words of the model card and of the printed summary of a fit."""

from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from app.classifier import load_bundle
from app.classifier.manifest import Manifest, Outside, TopicSet
from tests.any_bundles import write
from training.bundles.model_card import topic_table
from training.fit.reporting.model_card import parts, write_card
from training.fit.reporting.summary import chosen_on


def as_fitted(manifest: Manifest) -> Manifest:
    """The manifest with what `fit` writes and the card reads."""
    recipe = {"linear_share": 0.0, "networks": 4, "hidden": 64, "with_networks": True, "width": 32}
    test = {"texts": 9, "accuracy": 0.9, "macro_f1": 0.8, "ece": 0.1, "set_size": 1.2, "set_coverage": 0.9}
    figures = {"test": test, "baselines": []}
    data = {"train_rows": 90, "held_out_rows": 90}
    return manifest.model_copy(update={"recipe": recipe, "data": data, "figures": figures})


@pytest.mark.parametrize(
    ("linear_share", "with_networks", "words"),
    [
        (0.0, True, "4 networks of 64 hidden units; a linear SVM was tried and is not used"),
        (0.5, True, "a linear SVM with weight 0.5 and 4 networks of 64 hidden units"),
        (4.0, False, "a linear SVM alone"),
    ],
)
def test_part_without_weight_is_said_to_be_unused(linear_share: float, with_networks: bool, words: str) -> None:
    assert parts(linear_share, 4, with_networks, 64) == words


@pytest.mark.parametrize(("rows", "name"), [(90, "SVM"), (50, "SVM, trained on 50 of the 90 rows")])
def test_baseline_that_was_trained_on_a_part_of_the_rows_says_so(tmp_path: Path, rows: int, name: str) -> None:
    manifest = as_fitted(load_bundle(write(tmp_path / "korean", "korean")).manifest)
    skill = {"accuracy": 0.5, "macro_f1": 0.25}
    baselines = [{"name": "most frequent label", "rows": 90, **skill}, {"name": "SVM", "rows": rows, **skill}]
    card = write_card(manifest.model_copy(update={"figures": {**manifest.figures, "baselines": baselines}}))
    assert f"| {name} | 0.500 | 0.250 | - |" in card
    assert "| most frequent label | 0.500 |" in card
    assert "the coverage of the prediction sets on other texts like the test rows is between 57% and 98%." in card


def test_rows_of_a_baseline_have_a_label_if_there_is_an_outside_class(tmp_path: Path) -> None:
    manifest = as_fitted(load_bundle(write(tmp_path / "korean", "korean")).manifest)
    baselines = [{"name": "SVM", "rows": rows, "accuracy": 0.5, "macro_f1": 0.25} for rows in (90, 50)]
    outside = Outside(intercept=0, score=1, confidence=0, unknown=0, threshold=0.5, lost=0, found=1)
    changes = {"figures": {**manifest.figures, "baselines": baselines}, "outside": outside}
    assert "| SVM, trained on 50 of the 90 rows with a label |" in write_card(manifest.model_copy(update=changes))


def test_card_has_the_layers_of_the_model_itself(tmp_path: Path) -> None:
    bundle = load_bundle(write(tmp_path / "korean", "korean"))
    layers = bundle.manifest.network
    assert layers is not None
    sizes = [layer.kernel.shape[1] for layer in layers]
    assert sizes[0] != 32  # that of the recipe, which is only the maximum
    described = ", ".join(f"{units} {layer.activation}" for units, layer in zip(sizes, layers, strict=True))
    assert f"| network | Dense {described} |" in write_card(as_fitted(bundle.manifest))


def test_card_says_that_test_rows_differ_from_the_training_rows(tmp_path: Path) -> None:
    manifest = as_fitted(load_bundle(write(tmp_path / "korean", "korean")).manifest)
    test = {**manifest.figures["test"], "texts": 900, "accuracy": 0.5}
    figures = {**manifest.figures, "test": test, "held_out": {"texts": 900, "accuracy": 0.8}}
    differs = "On held-out training rows, the accuracy is 0.800, so the test rows differ"
    assert differs in write_card(manifest.model_copy(update={"figures": figures}))
    figures["held_out"] = {"texts": 900, "accuracy": 0.5}
    assert "differ" not in write_card(manifest.model_copy(update={"figures": figures}))


def test_cross_validation_is_called_so() -> None:
    assert chosen_on(270, 270) == "by cross-validation with 5 folds on the 270 training rows"
    assert chosen_on(300, 3_000) == "on 300 held-out training rows"


def test_table_of_labels_counts_training_and_test_rows_and_has_no_word_twice(tmp_path: Path) -> None:
    manifest = load_bundle(write(tmp_path / "korean", "korean")).manifest
    tested = {topic.code: 7 for topic in manifest.topics[:1]}
    lines = topic_table(manifest, "training rows", tested).splitlines()
    assert lines[0] == "| label | topic | name | training rows | test rows | precision | recall | F1 |"
    assert [line.split(" | ")[4] for line in lines[2:]] == ["7", "0", "0", "0"]
    same = manifest.model_copy(
        update={"topics": tuple(topic.model_copy(update={"name": topic.code}) for topic in manifest.topics)}
    )
    assert topic_table(same).splitlines()[0] == "| label | topic | support | precision | recall | F1 |"
    assert topic_table(same).count("정치") == 1


def test_labels_are_text_and_not_markup_of_the_table(tmp_path: Path) -> None:
    manifest = load_bundle(write(tmp_path / "four", "four")).manifest
    codes = ["a|b", "*x* _y_ `z`", "<b>&amp;~~c~~", "[d](e) \\|"]
    topics = (t.model_copy(update={"code": code, "name": code}) for t, code in zip(manifest.topics, codes, strict=True))
    table = topic_table(manifest.model_copy(update={"topics": tuple(topics)}))
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    cells = [token for token in parser.parse(table) if token.type == "inline"]
    columns = table.splitlines()[0].count(" | ") + 1
    assert ["".join(one.content for one in cell.children or ()) for cell in cells[columns + 1 :: columns]] == codes
    assert all(one.type in ("text", "text_special") for cell in cells for one in cell.children or ())


def test_card_names_the_report_without_a_link_and_says_what_prediction_sets_are(tmp_path: Path) -> None:
    manifest = load_bundle(write(tmp_path / "four", "four")).manifest
    card = write_card(as_fitted(manifest.model_copy(update={"topic_set": TopicSet(threshold=0.384, coverage=0.9)})))
    assert "`data.html` in the bundle's folder" in card
    assert "](data.html)" not in card
    assert "| label | topic | name | training rows |" in card
    assert "the most probable label, and every other one with a probability of at least 0.384" in card
    assert "`topic` is the label, and `label` is its number." in card
    alone = write_card(as_fitted(manifest.model_copy(update={"topic_set": TopicSet(threshold=0.884, coverage=0.9)})))
    why = "because it is the right one for at least 90% of the held-out texts"
    assert f"| the most probable label alone, {why} |" in alone


@pytest.mark.parametrize(
    ("encoding", "features"),
    [
        ({"pieces": (2, 5)}, "words, pairs of words, and pieces of 2 to 5 characters for words without an id"),
        ({"pieces": None}, "words and pairs of words"),
        ({"pieces": None, "split_symbols": True}, "words, symbols, and pairs of words"),
        ({"pieces": None, "split_marks": True}, "words, question and exclamation marks, and pairs of words"),
    ],
)
def test_card_names_what_has_an_id(tmp_path: Path, encoding: dict[str, object], features: str) -> None:
    manifest = as_fitted(load_bundle(write(tmp_path / "four", "four")).manifest)
    spec = manifest.encoding.model_copy(update=encoding)
    assert f" features: {features} |" in write_card(manifest.model_copy(update={"encoding": spec}))


@pytest.mark.parametrize(
    ("rows", "held_out", "words"),
    [
        (90, 90, "by 5-fold cross-validation on the training rows; the model itself was trained on all of them"),
        (25_000, 10_000, "on 10,000 held-out training rows; the model itself was trained on all rows"),
        (100_000, 4_000, "on 4,000 held-out training rows, which were not used to train the model"),
    ],
)
def test_card_says_on_which_rows_the_temperature_was_fitted(
    tmp_path: Path, rows: int, held_out: int, words: str
) -> None:
    manifest = as_fitted(load_bundle(write(tmp_path / "four", "four")).manifest)
    data = {"train_rows": rows, "held_out_rows": held_out}
    assert f"| calibration | temperature, fitted {words} |" in write_card(manifest.model_copy(update={"data": data}))


def test_card_names_the_clusters(tmp_path: Path) -> None:
    manifest = as_fitted(load_bundle(write(tmp_path / "four", "four")).manifest)
    spec = manifest.encoding.model_copy(update={"pieces": (2, 5)})
    recipe = {**manifest.recipe, "clusters": 1_000}
    assert (
        " features: words, pairs of words, 1,000 clusters of similar English words (docs/headlines/clusters.md), and"
        " pieces of 2 to 5 characters for words without an id |"
    ) in write_card(manifest.model_copy(update={"encoding": spec, "recipe": recipe}))
