"""Makes a bundle of a training: measures its first network as it will be served, and writes down all of it."""

import csv
import importlib.metadata
import io
import platform
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from app.classifier import Encoder, TopicClassifier
from app.classifier.bundle import CARD
from app.classifier.manifest import EncodingSpec, Manifest, Topic
from training.book.model import save_network
from training.book.model_card import write_card
from training.book.recipes import PUBLISHED, Recipe
from training.book.train import Training
from training.bundles.writer import Draft, check_target, staging, write_bundle
from training.data.corpus import Wire
from training.data.dataset import Dataset, Labels
from training.data.topics import NAMES
from training.errors import RecipeError
from training.evaluation.evaluate import Evaluation, evaluate
from training.figures import plot_accuracy, plot_confusion, plot_loss

HISTORY = "history.csv"


def check_publishable(recipe: Recipe, target: Path, force: bool) -> None:
    """Refuse before training what could not be published after it.

    Raises:
        RecipeError: no bundle can hold such a network.
        OutputError: the target cannot be written.
    """
    if recipe.inputs != "multi-hot":
        raise RecipeError(f"Recipe {recipe.name} takes word order, which a bundle has none of; leave out --output.")
    check_target(target, force)


def publish(
    target: Path, training: Training, dataset: Dataset, corpus: Sequence[Wire] | None, force: bool = False
) -> TopicClassifier:
    """Write the network of the first seed, chosen before any was tested, as the bundle `target` (models/NAME/VERSION).

    Returns:
        The classifier that the bundle makes.

    Raises:
        OutputError: `target` cannot be written.
    """
    manifest = _manifest(target, training, dataset)
    network = training.runs[0].model
    draft = Draft(manifest, lambda path: save_network(network, path), dataset.word_index)
    with staging(target) as scratch:
        # Measured on a bundle that was written and loaded, so that the figures are those of what is served.
        measured = evaluate(write_bundle(scratch / "draft", draft), dataset, corpus)
    manifest = _with_figures(manifest, training, measured)
    extras = {
        HISTORY: _history(training),
        "loss.png": plot_loss(training.exploration, training.runs[0].epochs),
        "accuracy.png": plot_accuracy(training.exploration, training.runs[0].epochs),
        "confusion.png": plot_confusion(measured["test"].confusion, list(NAMES)),
        CARD: write_card(manifest, training).encode(),
    }
    return write_bundle(target, replace(draft, manifest=manifest, extras=extras), force)


def libraries(*names: str) -> dict[str, str]:
    """The installed versions of Python and of these packages."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in names}


def _manifest(target: Path, training: Training, dataset: Dataset) -> Manifest:
    recipe, seeds = training.recipe, [run.seed for run in training.runs]
    encoding = EncodingSpec(size=recipe.words)
    learned = dataset.train.labels[recipe.validation :]
    support = np.bincount(learned, minlength=len(NAMES))
    return Manifest(
        name=slug(target.resolve().parent.name, recipe.name),
        version=slug(target.resolve().name, "1"),
        description="The network of F. Chollet's Deep Learning with Python, trained on bodies of Reuters wires of 1987."
        if recipe.name == "book"
        else recipe.title,
        encoding=encoding,
        topics=tuple(
            Topic(label=label, code=code, name=name, support=int(support[label]))
            for label, (code, name) in enumerate(NAMES.items())
        ),
        files={},
        recipe=recipe.describe() | {"epochs": training.runs[0].epochs, "seed": seeds[0], "seeds": seeds},
        data={"sha256": dataset.files, "licence": "Reuters-21578: for research purposes only"},
        libraries=libraries("tensorflow", "keras", "numpy", "h5py"),
        reference=_reference(Encoder(encoding, dataset.word_index), dataset, learned, recipe.validation),
    )


def _with_figures(manifest: Manifest, training: Training, measured: dict[str, Evaluation]) -> Manifest:
    skills = measured["test"].topics
    topics = tuple(
        topic.model_copy(update={"precision": skill.precision, "recall": skill.recall, "f1": skill.f1})
        for topic, skill in zip(manifest.topics, skills, strict=True)
    )
    figures = {name: evaluation.figures() for name, evaluation in measured.items()}
    figures |= {"seeds": training.summary(), "published": PUBLISHED}
    return manifest.model_copy(update={"topics": topics, "figures": figures})


def _reference(encoder: Encoder, dataset: Dataset, learned: Labels, first: int) -> dict[str, Any]:
    """What the network learned from, to hold the service's traffic against: topic shares and word ratios."""
    encoded = [encoder.encode(text) for text in dataset.train.texts[first:]]
    rare, words = sum(one.rare for one in encoded), sum(one.known + one.rare for one in encoded)
    shares = np.bincount(learned, minlength=len(NAMES)) / len(learned)
    return {
        "topic_mix": dict(zip(NAMES, shares.round(6).tolist(), strict=True)),
        # The word index was made from these very wires, so that none of their words is unknown to it.
        "unknown_word_ratio": 0.0,
        "rare_word_ratio": round(rare / max(words, 1), 6),
    }


def _history(training: Training) -> bytes:
    """Every epoch of every run, as CSV with one line each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    measures = ("loss", "accuracy", "val_loss", "val_accuracy")
    writer.writerow(("run", "seed", "epoch", *measures))
    runs = [("explore", training.runs[0].seed, training.exploration)]
    runs += [("train", run.seed, run.history) for run in training.runs]
    for run, seed, history in runs:
        for epoch, row in enumerate(zip(*(history[name] for name in measures), strict=True), start=1):
            writer.writerow((run, seed, epoch, *(f"{value:.6f}" for value in row)))
    return text.getvalue().encode()


def slug(name: str, default: str) -> str:
    """The folder's name, where it can stand in a URL."""
    return name if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name) else default
