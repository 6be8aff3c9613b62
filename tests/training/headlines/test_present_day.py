"""Present-day headlines, written and labelled before this recipe was chosen, and not used to choose it."""

import csv

import pytest

from app.classifier import load_classifier
from tests.real_data import REPOSITORY


def right(bundle: str) -> float:
    classifier = load_classifier(REPOSITORY / "models" / bundle)
    with (REPOSITORY / "docs" / "headlines" / "present_day.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) > 130
    answers = classifier.classify([row["headline"] for row in rows], 1)
    labels = [classifier.label(row["topic"]) for row in rows]
    return sum(answer.labels == [label] for answer, label in zip(answers, labels, strict=True)) / len(rows)


@pytest.mark.parametrize(("bundle", "at_least", "at_most"), [("headlines/1", 0.88, 1.0), ("book/1", 0.0, 0.6)])
def test_headlines_of_today_are_answered_by_the_headline_model_and_not_by_the_books(
    bundle: str, at_least: float, at_most: float
) -> None:
    assert at_least <= right(bundle) <= at_most
