"""Makes a bundle of a headline training: its first run, measured as it will be served, and written down."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from app.classifier import TopicClassifier, load_classifier
from app.classifier.bundle import CARD, MANIFEST
from app.classifier.manifest import Manifest, Topic
from training.book.publish import HISTORY, libraries, slug
from training.book.train import History, spread
from training.bundles.writer import Draft, staging, write_bundle
from training.data.corpus import Wire
from training.data.dataset import Dataset
from training.data.topics import NAMES
from training.evaluation.evaluate import Evaluation, evaluate
from training.figures import plot_confusion
from training.headlines.drift_reference import reference
from training.headlines.merge import save_stack
from training.headlines.reporting.figures import plot_learning, plot_reliability
from training.headlines.reporting.model_card import write_card
from training.headlines.samples import labels_of
from training.headlines.train import HeadlineTraining, Learned

SPREAD = ("accuracy", "any_topic_accuracy", "ece", "macro_f1", "loss", "set_coverage", "set_size")
BOOK = Path("book") / "1"
"""The bundle to compare with, where it stands beside the one that is written."""


def publish_headlines(
    target: Path, training: HeadlineTraining, dataset: Dataset, corpus: Sequence[Wire], force: bool = False
) -> TopicClassifier:
    """Write the first seed's network, chosen before any was tested, as the bundle `target` (models/NAME/VERSION).

    Returns:
        The classifier that the bundle makes.

    Raises:
        OutputError: `target` cannot be written.
    """
    measured = []
    with staging(target) as scratch:
        for number, run in enumerate(training.runs):
            # Measured on a bundle that was written and loaded, so that the figures are those of what is served.
            classifier = write_bundle(scratch / str(number), _draft(target, training, run, dataset))
            measured.append(evaluate(classifier, dataset, corpus))
    book = target.resolve().parent.parent / BOOK
    other = evaluate(load_classifier(book), dataset, corpus) if (book / MANIFEST).exists() else None
    draft = _draft(target, training, training.runs[0], dataset)
    manifest = _with_figures(draft.manifest, training, measured)
    first = measured[0]
    parts = [("Test titles", "test_titles"), ("Test wires with their own body", "decoded_body")]
    extras = {
        HISTORY: _history(training),
        "learning.png": plot_learning(training.exploration.history),
        "reliability.png": plot_reliability([(t, first[p].bins, first[p].ece) for t, p in parts if p in first]),
        "confusion.png": plot_confusion(_headlines(first).confusion, list(NAMES)),
        CARD: write_card(manifest, other).encode(),
    }
    return write_bundle(target, replace(draft, manifest=manifest, extras=extras), force)


def _draft(target: Path, training: HeadlineTraining, run: Learned, dataset: Dataset) -> Draft:
    support = np.bincount(labels_of(run.titles), minlength=len(NAMES))
    manifest = Manifest(
        name=slug(target.resolve().parent.name, training.recipe.name),
        version=slug(target.resolve().name, "1"),
        description="Made for headlines: trained on titles and bodies of Reuters wires of 1987, calibrated on titles"
        " and bodies held out from training.",
        encoding=run.encoder.spec,
        topics=tuple(
            Topic(label=label, code=code, name=name, support=int(support[label]))
            for label, (code, name) in enumerate(NAMES.items())
        ),
        calibration=training.calibration,
        topic_set=training.topic_set,
        files={},
        recipe=training.recipe.describe()
        | {"seed": training.seeds[0], "seeds": list(training.seeds)}
        | {"titles": len(run.titles), "bodies": len(run.bodies)},
        data={"sha256": dataset.files, "licence": "Reuters-21578: for research purposes only"},
        libraries=libraries("tensorflow", "keras", "scikit-learn", "scipy", "numpy", "h5py"),
        reference=reference(run.encoder, run.titles, run.bodies),
    )
    return Draft(manifest, lambda path: save_stack(run.layers, path), run.word_index)


def _with_figures(
    manifest: Manifest, training: HeadlineTraining, measured: Sequence[dict[str, Evaluation]]
) -> Manifest:
    topics = tuple(
        topic.model_copy(update={"precision": skill.precision, "recall": skill.recall, "f1": skill.f1})
        for topic, skill in zip(manifest.topics, _headlines(measured[0]).topics, strict=True)
    )
    figures: dict[str, Any] = {name: evaluation.figures() for name, evaluation in measured[0].items()}
    figures["seeds"] = {
        part: {
            name: spread([one[part].figures()[name] for one in measured])
            for name in SPREAD
            if name in measured[0][part].figures()
        }
        for part in measured[0]
    }
    return manifest.model_copy(update={"topics": topics, "figures": figures})


def _headlines(measured: dict[str, Evaluation]) -> Evaluation:
    return measured["test_titles"]


def _history(training: HeadlineTraining) -> bytes:
    """Every epoch of every run, as CSV with one line each; only the exploration has held-out wires to look at."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    measures = ("loss", "accuracy", "val_loss", "val_accuracy")
    writer.writerow(("run", "seed", "epoch", *measures))
    runs: list[tuple[str, int, History]] = [("explore", training.seeds[0], training.exploration.history)]
    runs += [("train", seed, run.history) for seed, run in zip(training.seeds, training.runs, strict=True)]
    for name, seed, history in runs:
        for epoch in range(len(history["loss"])):
            values = (f"{history[one][epoch]:.6f}" if one in history else "" for one in measures)
            writer.writerow((name, seed, epoch + 1, *values))
    return text.getvalue().encode()
