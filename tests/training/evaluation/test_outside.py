"""Figures of the outside class, on a bundle whose answers can be worked out."""

from pathlib import Path

from app.classifier import load_classifier
from tests.tiny_bundle import write_outside_bundle
from training.data.corpus import ArchiveWire, Wire
from training.evaluation.evaluate import evaluate_outside


def wire(title: str | None, split: str = "test") -> Wire:
    return Wire(1, title, None, "", ("crude",), 16, (16,), split, 0)  # type: ignore[arg-type]


INSIDE = [
    wire("Oil prices rise"),
    wire("Gold ounce bullion"),
    wire("Court film"),
    wire("Election", "train"),
    wire(None),
]
OUTSIDE = [ArchiveWire(number, title, None, "", ()) for number, title in enumerate(["Election storm", "Cocoa", None])]


def test_lost_and_found_are_shares_above_the_threshold(tmp_path: Path) -> None:
    classifier = load_classifier(write_outside_bundle(tmp_path / "bundle"))
    found = evaluate_outside(classifier, INSIDE, OUTSIDE)
    assert found is not None
    assert 0 < found.pop("auroc") < 1
    assert found == {"with_topic": 3, "without": 2, "lost": 1 / 3, "found": 1 / 2}


def test_title_without_a_known_word_is_outside(tmp_path: Path) -> None:
    classifier = load_classifier(write_outside_bundle(tmp_path / "bundle"))
    found = evaluate_outside(classifier, INSIDE, [ArchiveWire(1, "Xyzzy", None, "", ())])
    assert found is not None
    assert (found["found"], found["auroc"]) == (1.0, 1.0)


def test_bundle_without_the_class_and_material_without_such_wires_have_no_figures(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    assert evaluate_outside(load_classifier(tiny_bundle), INSIDE, OUTSIDE) is None
    assert evaluate_outside(load_classifier(write_outside_bundle(tmp_path / "bundle")), INSIDE, ()) is None
