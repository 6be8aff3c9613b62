"""Evaluates a bundle as it is served on the test wires of the Reuters data."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.classifier import TopicClassifier, tokenize
from training.data.corpus import ArchiveWire, Wire, read_corpus
from training.data.dataset import Dataset
from training.errors import DataError
from training.evaluation.measure import Evaluation, measure
from training.evaluation.outside import outside_figures
from training.evaluation.predictions import predict


def evaluate(classifier: TopicClassifier, dataset: Dataset, corpus: Sequence[Wire] | None) -> dict[str, Evaluation]:
    """Evaluate on the test wires of the data set and, with the corpus, on their own bodies and titles.

    Returns:
        `test`; with a corpus also `own_body` (wires whose text is their own), `decoded_body` (the same as a client
        sends it: entities decoded, without the closing `REUTER`), `test_titles`, and `repeated_titles` (those that
        a training wire also has).

    Raises:
        DataError: the corpus has other test wires than the data set.
    """
    labels, topic_set = dataset.test.labels, classifier.bundle.manifest.topic_set
    threshold = topic_set.threshold if topic_set else None
    probabilities, _ = predict(classifier, dataset.test.texts)
    if corpus is None:
        return {"test": measure(probabilities, labels, threshold=threshold)}
    wires = sorted((wire for wire in corpus if wire.split == "test"), key=lambda wire: wire.position)
    if [wire.label for wire in wires] != labels.tolist():
        raise DataError("The archive's test wires are not those of the Keras data set; use both unchanged.")
    learned = {tuple(tokenize(wire.title)) for wire in corpus if wire.split == "train" and wire.title}
    repeated = [wire.title is not None and tuple(tokenize(wire.title)) in learned for wire in wires]
    has_title = np.array([wire.title is not None for wire in wires])
    has_body = np.array([wire.body is not None for wire in wires])
    titles, _ = predict(classifier, [wire.title or "" for wire in wires])
    decoded, _ = predict(classifier, [wire.body or "" for wire in wires])
    parts = {
        "test": (probabilities, np.ones(len(wires), bool)),
        "own_body": (probabilities, has_body),
        "decoded_body": (decoded, has_body),
        "test_titles": (titles, has_title),
        "repeated_titles": (titles, np.array(repeated)),
    }
    return {
        name: measure(
            answers[chosen], labels[chosen], [wires[i].labels for i in np.flatnonzero(chosen)], threshold=threshold
        )
        for name, (answers, chosen) in parts.items()
        if chosen.any()
    }


def evaluate_outside(
    classifier: TopicClassifier, corpus: Sequence[Wire], outside: Sequence[ArchiveWire]
) -> dict[str, Any] | None:
    """`outside_figures` of titles of test wires and of wires without a topic; None without the class or such wires.

    Args:
        classifier: the bundle.
        corpus: wires with a topic, of which those of the test part are used.
        outside: wires about none of the topics that took no part in training. Some of them should have had one.
    """
    part = classifier.bundle.manifest.outside
    inside = [wire.title for wire in corpus if wire.split == "test" and wire.title]
    others = [wire.title for wire in outside if wire.title]
    if part is None or not inside or not others:
        return None
    answers = classifier.classify([*inside, *others], 1)
    scores = np.array([1.0 if answer.outside is None else answer.outside for answer in answers])
    return outside_figures(scores, np.arange(len(scores)) >= len(inside), part.threshold)


def read_corpus_if_present(archive: Path) -> tuple[Wire, ...] | None:
    """The wires of the archive, or None if there is no archive.

    Raises:
        CorpusError: the archive is damaged.
    """
    return read_corpus(archive) if archive.exists() else None
