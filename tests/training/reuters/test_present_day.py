"""Two sets of present-day headlines, written and labelled for measuring and never trained on."""

from collections import Counter
from pathlib import Path

import pytest

from app.classifier import load_classifier
from tests.real_data import REPOSITORY
from training.data.topics import LABELS, TOPICS
from training.reuters.reporting.present_day import SETS, evaluate_present_day, read_present_day

FOLDER = REPOSITORY / "docs" / "headlines"


def headlines(name: str) -> tuple[list[str], list[int]]:
    return read_present_day(FOLDER / f"{name}.tsv")


@pytest.mark.parametrize("name", SETS)
def test_every_line_is_a_topic_code_and_a_headline(name: str) -> None:
    lines = (FOLDER / f"{name}.tsv").read_text("utf-8").splitlines()
    assert lines[0] == "topic\theadline"
    for line in lines[1:]:
        topic, headline = line.split("\t")
        assert topic in LABELS
        assert headline.strip() == headline
        assert len(headline.split()) >= 3


@pytest.mark.parametrize(
    ("name", "lines", "least", "missing"),
    [("present_day", 132, 1, {"wheat"}), ("present_day_2", 200, 4, set())],  # Reuters files wheat under grain, too
)
def test_set_has_headlines_of_every_topic(name: str, lines: int, least: int, missing: set[str]) -> None:
    texts, labels = headlines(name)
    assert len(texts) >= lines
    counts = Counter(TOPICS[label] for label in labels)
    assert {topic for topic in TOPICS if counts[topic] < least} == missing


def test_sets_share_no_headline_with_each_other_or_within() -> None:
    texts = [text.casefold() for name in SETS for text in headlines(name)[0]]
    assert [text for text, count in Counter(texts).items() if count > 1] == []


def test_evaluation_covers_the_sets_that_exist(tmp_path: Path) -> None:
    (tmp_path / "present_day_2.tsv").write_text('topic\theadline\ncrude\tBrent "flat"\ncrude\tOil oil crude\n', "utf-8")
    measured = evaluate_present_day(load_classifier(REPOSITORY / "models" / "headlines" / "7"), tmp_path)
    assert list(measured) == ["present_day_2"]
    assert measured["present_day_2"].texts == 2
    assert read_present_day(tmp_path / "present_day_2.tsv")[0][0] == 'Brent "flat"'


@pytest.mark.parametrize(
    ("bundle", "at_least", "at_most"), [("headlines/7", (0.96, 0.82), (1.0, 1.0)), ("book/1", (0.0, 0.0), (0.6, 0.6))]
)
def test_headlines_of_today_are_answered_by_the_headline_model_and_not_by_the_books(
    bundle: str, at_least: tuple[float, float], at_most: tuple[float, float]
) -> None:
    classifier = load_classifier(REPOSITORY / "models" / bundle)
    measured = evaluate_present_day(classifier, FOLDER)
    claimed = classifier.bundle.manifest.figures
    for name, low, high in zip(SETS, at_least, at_most, strict=True):
        assert low <= measured[name].accuracy <= high
        if name in claimed:
            figures = measured[name].figures()
            figures.pop("ece_by_chance")  # newer than the bundle
            assert figures == pytest.approx(claimed[name], abs=1e-4)
