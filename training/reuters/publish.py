"""Writes a headline training as a bundle: measured as it will be served, with model card, figures and history."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.classifier import TopicClassifier
from app.classifier.bundle import CARD
from app.classifier.manifest import FORMATS, Manifest, Reference
from training.bundles.publishing import (
    library_versions,
    name_and_version,
    topics_with_support,
    with_measurements,
)
from training.bundles.writer import Draft, write_bundle
from training.data.corpus import ArchiveWire, Wire
from training.data.dataset import LICENCE, Dataset
from training.data.golden import GOLDEN_HEADLINES
from training.data.topics import NAMES, TOPICS
from training.evaluation.evaluate import evaluate, evaluate_outside
from training.evaluation.measure import Evaluation
from training.figures import plot_confusion
from training.headlines.calibration import outside_probabilities
from training.headlines.clusters.cluster_list import Clusters
from training.headlines.drift_reference import drift_reference
from training.headlines.figures import plot_learning, plot_reliability
from training.headlines.merge import save_stack
from training.headlines.samples import Sample, labels_of
from training.headlines.train import TrainedModel
from training.history import HISTORY, History, history_csv, spread
from training.output import staging
from training.reuters.reporting.model_card import write_card
from training.reuters.reporting.present_day import evaluate_present_day
from training.reuters.train import HeadlineTraining

SPREAD: Final = ("accuracy", "any_topic_accuracy", "ece", "macro_f1", "loss", "set_coverage", "set_size")
"""Figures whose spread over the seeds is recorded."""


def publish_headlines(
    target: Path,
    training: HeadlineTraining,
    dataset: Dataset,
    corpus: Sequence[Wire],
    outside: Sequence[ArchiveWire],
    *,
    force: bool = False,
) -> TopicClassifier:
    """Write the network of the first seed, which was chosen before any was tested, as the bundle `target`.

    Args:
        target: models/NAME/VERSION.
        training: all its runs are measured, the first is published.
        dataset: the Keras data set, whose test wires are measured.
        corpus: the same wires with their titles and own bodies.
        outside: wires about none of the topics that took no part in training, on which the outside class is measured.
        force: replace an existing bundle.

    Returns:
        The classifier loaded from the bundle.

    Raises:
        OutputError: `target` exists and `force` is false, or cannot be written.
    """
    measured, separated = [], []
    with staging(target) as scratch:
        for number, run in enumerate(training.runs):
            # Measured on a bundle that was written and loaded, so the figures are those of what is served.
            classifier = write_bundle(scratch / str(number), _draft(target, training, run, dataset))
            measured.append(evaluate(classifier, dataset, corpus) | evaluate_present_day(classifier))
            separated.append(evaluate_outside(classifier, corpus, outside))
    first = measured[0]
    more = {"seeds": _spreads(measured)} | ({"outside": separated[0]} if separated[0] else {})
    draft = _draft(target, training, training.runs[0], dataset)
    manifest = with_measurements(draft.manifest, first["test_titles"].topics, first, more)
    parts = [("Test titles", "test_titles"), ("Test wires with their own body", "decoded_body")]
    histories: list[tuple[str, int, History]] = [("explore", training.seeds[0], training.exploration.history)]
    histories += [("train", seed, run.history) for seed, run in zip(training.seeds, training.runs, strict=True)]
    extras = {
        HISTORY: history_csv(histories),
        "learning.png": plot_learning(training.exploration.history),
        "reliability.png": plot_reliability(
            [(title, first[part].bins, first[part].ece) for title, part in parts if part in first]
        ),
        "confusion.png": plot_confusion(first["test_titles"].confusion, TOPICS),
        CARD: write_card(manifest).encode(),
    }
    return write_bundle(target, replace(draft, manifest=manifest, extras=extras), force)


def _draft(target: Path, training: HeadlineTraining, run: TrainedModel, dataset: Dataset) -> Draft:
    name, version = name_and_version(target, training.recipe.name)
    texts = training.texts
    titles, bodies = ([sample for sample in kind if sample.labels] for kind in (texts.titles, texts.bodies))
    others = [*texts.bodies, *texts.lexicon, *[sample for sample in texts.titles if not sample.labels]]
    others += [Sample(cluster.words, ()) for cluster in training.clusters]
    manifest = Manifest(
        format=max(FORMATS),  # lowered by `write_bundle` where an older one will do
        name=name,
        version=version,
        description="Made for headlines: trained on titles and bodies of Reuters wires of 1987 and on a lexicon of"
        " present-day headlines, calibrated on texts of both that were held out from training.",
        encoding=run.encoder.spec,
        topics=topics_with_support(labels_of(titles, len(TOPICS)), NAMES),
        calibration=training.calibration,
        topic_set=training.topic_set,
        outside=training.outside,
        files={},
        recipe=asdict(training.recipe)
        | {
            "seed": training.seeds[0],
            "seeds": list(training.seeds),
            "titles": len(titles),
            "bodies": len(bodies),
            "outside_titles": len(texts.titles) - len(titles),
            "outside_bodies": len(texts.bodies) - len(bodies),
            "clusters": len(training.clusters),
            "clustered_words": sum(len(cluster.words) for cluster in training.clusters),
            "lexicon": len(texts.lexicon),
            "outside_lexicon": sum(not line.labels for line in texts.lexicon),
        },
        data={
            "sha256": dataset.files
            | {"lexicon": lexicon_hash(texts.lexicon), "clusters": clusters_hash(training.clusters)},
            "licence": LICENCE,
        },
        libraries=library_versions("tensorflow", "keras", "scikit-learn", "scipy", "numpy", "h5py"),
        reference=drift_reference(run.encoder, titles, others, TOPICS) | _outside_ratio(training),
    )
    return Draft(manifest, lambda path: save_stack(run.layers, path), run.word_index, GOLDEN_HEADLINES)


def lexicon_hash(lexicon: Sequence[Sample]) -> str:
    """SHA-256 of the words and labels of the lexicon, one text a line: `16 41 opec meets`."""
    lines = (" ".join([*map(str, sample.labels), *sample.words]) for sample in lexicon)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def clusters_hash(clusters: Clusters) -> str:
    """SHA-256 of the words of the clusters, one cluster a line."""
    return hashlib.sha256("\n".join(" ".join(cluster.words) for cluster in clusters).encode()).hexdigest()


def _outside_ratio(training: HeadlineTraining) -> Reference:
    """`outside_ratio`: the mean outside probability to expect of new titles with a topic, from the held-out ones."""
    titles = training.exploration.held_out(training.held_out.titles).inside
    outside = outside_probabilities(titles, training.calibration, training.outside)
    return {"outside_ratio": round(float(np.mean(outside)), 6)}


def _spreads(measured: Sequence[dict[str, Evaluation]]) -> dict[str, Any]:
    """Part -> figure -> its spread over the seeds."""
    figures = {part: [run[part].figures() for run in measured] for part in measured[0]}
    return {
        part: {name: spread([run_figures[name] for run_figures in each]) for name in SPREAD if name in each[0]}
        for part, each in figures.items()
    }
