"""Writes a headline training as a bundle: measured as it will be served, with model card, figures and history."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from app.classifier import TopicClassifier
from app.classifier.bundle import CARD
from app.classifier.manifest import Manifest
from training.bundles.publishing import (
    DATA_LICENCE,
    library_versions,
    name_and_version,
    topics_with_support,
    with_measurements,
)
from training.bundles.writer import Draft, write_bundle
from training.data.corpus import Wire
from training.data.dataset import Dataset
from training.data.topics import TOPICS
from training.evaluation.evaluate import Evaluation, evaluate
from training.figures import plot_confusion
from training.headlines.merge import save_stack
from training.headlines.reporting.drift_reference import drift_reference
from training.headlines.reporting.figures import plot_learning, plot_reliability
from training.headlines.reporting.model_card import write_card
from training.headlines.reporting.present_day import evaluate_present_day
from training.headlines.samples import labels_of
from training.headlines.train import HeadlineTraining, Learned
from training.history import HISTORY, History, history_csv, spread
from training.output import staging

SPREAD: Final = ("accuracy", "any_topic_accuracy", "ece", "macro_f1", "loss", "set_coverage", "set_size")
"""Figures whose spread over the seeds is recorded."""


def publish_headlines(
    target: Path, training: HeadlineTraining, dataset: Dataset, corpus: Sequence[Wire], force: bool = False
) -> TopicClassifier:
    """Write the network of the first seed, which was chosen before any was tested, as the bundle `target`.

    Args:
        target: models/NAME/VERSION.
        training: all its runs are measured, the first is published.
        dataset: the 46-topic set, whose test wires are measured.
        corpus: the same wires with their titles and own bodies.
        force: replace an existing bundle.

    Returns:
        The classifier loaded from the bundle.

    Raises:
        OutputError: `target` exists and `force` is false, or cannot be written.
    """
    measured = []
    with staging(target) as scratch:
        for number, run in enumerate(training.runs):
            # Measured on a bundle that was written and loaded, so the figures are those of what is served.
            classifier = write_bundle(scratch / str(number), _draft(target, training, run, dataset))
            measured.append(evaluate(classifier, dataset, corpus) | evaluate_present_day(classifier))
    first = measured[0]
    draft = _draft(target, training, training.runs[0], dataset)
    manifest = with_measurements(draft.manifest, first["test_titles"].topics, first, {"seeds": _spreads(measured)})
    parts = [("Test titles", "test_titles"), ("Test wires with their own body", "decoded_body")]
    histories: list[tuple[str, int, History]] = [("explore", training.seeds[0], training.exploration.history)]
    histories += [("train", seed, run.history) for seed, run in zip(training.seeds, training.runs, strict=True)]
    extras = {
        HISTORY: history_csv(histories),
        "learning.png": plot_learning(training.exploration.history),
        "reliability.png": plot_reliability([(t, first[p].bins, first[p].ece) for t, p in parts if p in first]),
        "confusion.png": plot_confusion(first["test_titles"].confusion, TOPICS),
        CARD: write_card(manifest).encode(),
    }
    return write_bundle(target, replace(draft, manifest=manifest, extras=extras), force)


def _draft(target: Path, training: HeadlineTraining, run: Learned, dataset: Dataset) -> Draft:
    name, version = name_and_version(target, training.recipe.name)
    manifest = Manifest(
        name=name,
        version=version,
        description="Made for headlines: trained on titles and bodies of Reuters wires of 1987, calibrated on titles"
        " and bodies held out from training.",
        encoding=run.encoder.spec,
        topics=topics_with_support(labels_of(run.titles)),
        calibration=training.calibration,
        topic_set=training.topic_set,
        files={},
        recipe=training.recipe.describe()
        | {"seed": training.seeds[0], "seeds": list(training.seeds)}
        | {"titles": len(run.titles), "bodies": len(run.bodies)},
        data={"sha256": dataset.files, "licence": DATA_LICENCE},
        libraries=library_versions("tensorflow", "keras", "scikit-learn", "scipy", "numpy", "h5py"),
        reference=drift_reference(run.encoder, run.titles, run.bodies),
    )
    return Draft(manifest, lambda path: save_stack(run.layers, path), run.word_index)


def _spreads(measured: Sequence[dict[str, Evaluation]]) -> dict[str, Any]:
    """Part -> figure -> its spread over the seeds."""
    figures = {part: [one[part].figures() for one in measured] for part in measured[0]}
    return {
        part: {name: spread([one[name] for one in each]) for name in SPREAD if name in each[0]}
        for part, each in figures.items()
    }
