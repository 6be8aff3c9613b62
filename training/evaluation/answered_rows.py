"""Labelled rows that a bundle can answer, their labels as arrays, and its answers."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.classifier import TopicClassifier
from training.errors import LabelsError
from training.labelled.columns import listed
from training.labelled.rows import LabelledRow

_BATCH_ROWS: Final = 1_000


def given_labels(classifier: TopicClassifier, probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The labels that a bundle gives to texts with these probabilities, bool [n, topics]."""
    part = classifier.bundle.manifest.multi_label
    if part is not None:
        given: NDArray[np.bool_] = probabilities >= np.array(part.thresholds)
        return given
    best: NDArray[np.bool_] = probabilities.argmax(axis=1)[:, None] == np.arange(probabilities.shape[1])
    return best


def membership(assigned: Sequence[Sequence[int]], topics: int) -> NDArray[np.bool_]:
    """Whether each row has each label, bool [n, topics], from the places of its labels."""
    members = np.zeros((len(assigned), topics), np.bool_)
    for row, labels in zip(members, assigned, strict=True):
        row[list(labels)] = True
    return members


def known_rows(rows: Sequence[LabelledRow], codes: Sequence[str]) -> tuple[list[LabelledRow], dict[str, int]]:
    """The rows with one of these labels, or with none; and the other labels, most frequent first, with their rows.

    Raises:
        LabelsError: no row has one of these labels.
    """
    known, unknown = set(codes), Counter[str]()
    kept = []
    for row in rows:
        if row.labels and known.isdisjoint(row.labels):
            unknown.update(row.labels)
        else:
            kept.append(row)
    if not any(row.labels for row in kept):
        raise LabelsError(
            f"{rows[0].file}: no row has a label of the bundle, which are {listed(codes)}; check the column with the"
            " labels."
        )
    return kept, dict(unknown.most_common())


def label_numbers(rows: Sequence[LabelledRow], codes: Sequence[str]) -> list[list[int]]:
    """The places of each row's labels in `codes`, without those that are not there."""
    numbers = {code: number for number, code in enumerate(codes)}
    return [[numbers[label] for label in row.labels if label in numbers] for row in rows]


def answer_rows(
    classifier: TopicClassifier, rows: Sequence[LabelledRow]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Probabilities, float32 [n, topics], and outside probabilities, float64 [n], 0 without that class."""
    texts = [row.text for row in rows]
    probabilities, outside = [], []
    for start in range(0, len(texts), _BATCH_ROWS):
        some, scores = classifier.infer(classifier.encode(texts[start : start + _BATCH_ROWS]))
        probabilities.append(some)
        outside.append(np.zeros(len(some)) if scores is None else np.array(scores))
    return np.concatenate(probabilities), np.concatenate(outside)
