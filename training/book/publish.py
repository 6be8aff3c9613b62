"""Writes a book training as a bundle: measured as it will be served, with model card, figures and history."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from app.classifier import Encoder, TopicClassifier
from app.classifier.bundle import CARD
from app.classifier.manifest import EncodingSpec, Manifest, Reference
from training.book.figures import plot_accuracy, plot_loss
from training.book.model import save_network
from training.book.model_card import write_card
from training.book.recipes import PUBLISHED, Recipe
from training.book.train import Training
from training.bundles.publishing import (
    library_versions,
    name_and_version,
    topic_mix,
    topics_with_support,
    with_measurements,
)
from training.bundles.writer import Draft, ensure_bundle_writable, write_bundle
from training.data.corpus import Wire
from training.data.dataset import LICENCE, Dataset
from training.data.golden import GOLDEN_HEADLINES
from training.data.topics import NAMES, TOPICS
from training.errors import RecipeError
from training.evaluation.evaluate import evaluate
from training.figures import plot_confusion
from training.history import HISTORY, history_csv
from training.output import staging


def ensure_publishable(recipe: Recipe, target: Path, force: bool) -> None:
    """Check before training that its result can be written as a bundle.

    Raises:
        RecipeError: a bundle cannot hold such a network.
        OutputError: the target exists and `force` is false, or cannot be written.
    """
    if recipe.inputs != "multi-hot":
        raise RecipeError(
            f"Recipe {recipe.name} depends on the order of words, which a bundle does not encode; leave out --output."
        )
    ensure_bundle_writable(target, force)


def publish(
    target: Path, training: Training, dataset: Dataset, corpus: Sequence[Wire] | None, force: bool
) -> TopicClassifier:
    """Write the network of the first seed, which was chosen before any was tested, as the bundle `target`.

    Args:
        target: models/NAME/VERSION.
        training: its first run is published.
        dataset: the data that it was trained and is tested on.
        corpus: for the figures that need the wires' own bodies and titles; None leaves those out.
        force: replace an existing bundle.

    Returns:
        The classifier loaded from the bundle.

    Raises:
        OutputError: `target` exists and `force` is false, or cannot be written.
    """
    manifest = _manifest(target, training, dataset)
    network = training.runs[0].model
    draft = Draft(manifest, lambda path: save_network(network, path), dataset.word_index, GOLDEN_HEADLINES)
    with staging(target) as scratch:
        # Measured on a bundle that was written and loaded, so the figures are those of what is served.
        measured = evaluate(write_bundle(scratch / "draft", draft), dataset, corpus)
    more = {"seeds": training.summary(), "published": PUBLISHED}
    manifest = with_measurements(manifest, measured["test"].topics, measured, more)
    first = training.runs[0]
    histories = [("explore", first.seed, training.exploration)]
    histories += [("train", run.seed, run.history) for run in training.runs]
    extras = {
        HISTORY: history_csv(histories),
        "loss.png": plot_loss(training.exploration, first.epochs),
        "accuracy.png": plot_accuracy(training.exploration, first.epochs),
        "confusion.png": plot_confusion(measured["test"].confusion, TOPICS),
        CARD: write_card(manifest).encode(),
    }
    return write_bundle(target, replace(draft, manifest=manifest, extras=extras), force)


def _manifest(target: Path, training: Training, dataset: Dataset) -> Manifest:
    recipe, seeds = training.recipe, [run.seed for run in training.runs]
    encoding = EncodingSpec(size=recipe.words)
    labels = dataset.train.labels[recipe.validation :]
    name, version = name_and_version(target, recipe.name)
    return Manifest(
        name=name,
        version=version,
        description="The network of F. Chollet's Deep Learning with Python, trained on bodies of Reuters wires of 1987."
        if recipe.name == "book"
        else recipe.title,
        encoding=encoding,
        topics=topics_with_support(labels, NAMES),
        files={},
        recipe=recipe.describe() | {"epochs": training.runs[0].epochs, "seed": seeds[0], "seeds": seeds},
        data={"sha256": dataset.files, "licence": LICENCE},
        libraries=library_versions("tensorflow", "keras", "numpy", "h5py"),
        reference={"topic_mix": topic_mix(labels, TOPICS)}
        | _word_ratios(Encoder(encoding, dataset.word_index), dataset.train.texts[recipe.validation :]),
    )


def _word_ratios(encoder: Encoder, texts: Sequence[str]) -> Reference:
    """Shares of unknown and of rare words in the training texts, for the drift reference."""
    encoded = [encoder.encode(text) for text in texts]
    rare, words = sum(text.rare for text in encoded), sum(text.known + text.rare for text in encoded)
    # The word index was made from these wires, so none of their words is unknown to it.
    return {"unknown_word_ratio": 0.0, "rare_word_ratio": round(rare / max(words, 1), 6)}
