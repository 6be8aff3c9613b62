"""Evaluates a headline model on the two present-day test sets in docs/headlines."""

import csv
from pathlib import Path
from typing import Final

import numpy as np

from app.classifier import TopicClassifier
from training.data.topics import LABELS
from training.evaluation.measure import Evaluation, measure
from training.evaluation.predictions import predict

FOLDER: Final = Path("docs") / "headlines"
SETS: Final = ("present_day", "present_day_2")
"""The second set was written without sight of the lexicon."""


def evaluate_present_day(classifier: TopicClassifier, folder: Path = FOLDER) -> dict[str, Evaluation]:
    """The evaluation of each set that is in `folder`, by its name."""
    topic_set = classifier.bundle.manifest.topic_set
    measured = {}
    for name in SETS:
        if (file := folder / f"{name}.tsv").exists():
            headlines, labels = read_present_day(file)
            probabilities, _ = predict(classifier, headlines)
            assigned = [(label,) for label in labels]
            threshold = topic_set.threshold if topic_set else None
            measured[name] = measure(probabilities, np.array(labels), assigned, threshold)
    return measured


def read_present_day(file: Path) -> tuple[list[str], list[int]]:
    """Headlines and labels of a tab-separated file with the columns `topic` and `headline`."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [row["headline"] for row in rows], [LABELS[row["topic"]] for row in rows]
