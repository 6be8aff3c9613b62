"""Ablation: trains every variant that the book discusses, and compares them in a table and a figure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.classifier.encoding import Encoder
from app.classifier.manifest import EncodingSpec
from training.book.chance_baselines import majority_accuracy, shuffled_accuracy
from training.book.figures import plot_comparison
from training.book.recipes import PUBLISHED, Recipe
from training.book.train import fit, prepare
from training.book.vectors import to_one_hot, vectorize_sequences
from training.bundles.model_card import mean_and_deviation
from training.data.dataset import Dataset
from training.data.topics import NAMES
from training.errors import TrainingError
from training.history import spread
from training.output import write_files
from training.progress import Report, numbered, silent

FILES: Final = ("compare.json", "compare.png", "compare.md")
FLOAT_NOISE = 1e-4
"""Largest difference of losses that rounding explains: with integer labels the same sum is added in another order."""


@dataclass(frozen=True, slots=True)
class Row:
    """Results of one variant: accuracies, losses (one per seed), and what describes it in the table."""

    name: str
    title: str
    epochs: int | None
    parameters: int | None
    accuracies: list[float]
    losses: list[float]
    """Mean cross-entropy in nats. Empty for chance baselines, which give no probabilities."""

    def figures(self) -> dict[str, Any]:
        """The row as it is written to compare.json."""
        return {
            "name": self.name,
            "title": self.title,
            "epochs": self.epochs,
            "parameters": self.parameters,
            "accuracy": spread(self.accuracies) | {"each": self.accuracies},
            "loss": spread(self.losses) | {"each": self.losses} if self.losses else None,
        }


def compare(recipes: Sequence[Recipe], dataset: Dataset, seeds: Sequence[int], report: Report = silent) -> list[Row]:
    """Train each recipe once per seed and test it on the test wires.

    Args:
        recipes: the variants.
        dataset: training and test wires.
        seeds: at least one.
        report: called with the progress after every epoch.

    Returns:
        One row per recipe, then one per chance baseline.

    Raises:
        TrainingError: what the book says is equivalent (two ways to encode, two losses) is not equivalent here.
    """
    ensure_equal_vectors(dataset)
    rows = [_train(recipe, dataset, seeds, report) for recipe in recipes]
    ensure_equal_losses(rows)
    train, test = dataset.train.labels, dataset.test.labels
    shuffled = [shuffled_accuracy(test, seed) for seed in seeds]
    rows.append(Row("majority", "Always the most frequent topic", None, None, [majority_accuracy(train, test)], []))
    rows.append(Row("shuffled", "The test labels, shuffled", None, None, shuffled, []))
    return rows


def ensure_equal_vectors(dataset: Dataset, sample: int = 500) -> None:
    """Compare the book's two encoding functions with those of Keras, on the first `sample` test wires.

    Raises:
        TrainingError: the results differ.
    """
    import keras  # noqa: PLC0415

    sequences = dataset.test.sequences(Encoder(EncodingSpec(), dataset.word_index))[:sample]
    # Padded with the start id, which is in every wire: the layer takes one length only, and would count 0 as a word.
    padded = keras.utils.pad_sequences(sequences, value=EncodingSpec().start_id)
    multi_hot = keras.layers.CategoryEncoding(num_tokens=EncodingSpec().size, output_mode="multi_hot", sparse=True)
    theirs = [np.asarray(_dense(multi_hot(wire[None])))[0] for wire in padded]
    if not np.array_equal(vectorize_sequences(sequences), theirs):
        raise TrainingError(
            "vectorize_sequences differs from keras.layers.CategoryEncoding; report this with versions."
        )
    labels = dataset.train.labels
    if not np.array_equal(to_one_hot(labels), keras.utils.to_categorical(labels, len(NAMES))):
        raise TrainingError("to_one_hot differs from keras.utils.to_categorical; report this with your versions.")


def ensure_equal_losses(rows: Sequence[Row]) -> None:
    """Check that one-hot labels and integer labels trained the same network.

    Raises:
        TrainingError: their losses differ by more than FLOAT_NOISE.
    """
    by_name = {row.name: row for row in rows}
    if not {"book", "integer-labels"} <= by_name.keys():
        return
    book, integers = by_name["book"], by_name["integer-labels"]
    gap = max(abs(a - b) for a, b in zip(book.losses, integers.losses, strict=True))
    if gap > FLOAT_NOISE:
        raise TrainingError(
            f"categorical_crossentropy and sparse_categorical_crossentropy end {gap:.2g} apart from the same seed,"
            f" more than float noise ({FLOAT_NOISE:g}); report this with your versions."
        )


def write_comparison(rows: Sequence[Row], seeds: Sequence[int], folder: Path) -> None:
    """Write compare.md, compare.json and compare.png.

    Raises:
        OutputError: the folder cannot be written.
    """
    figures = {"seeds": list(seeds), "published": PUBLISHED, "rows": [row.figures() for row in rows]}
    png = plot_comparison([row.title for row in rows], [row.accuracies for row in rows], PUBLISHED["accuracy"])
    table = (json.dumps(figures, indent=1) + "\n").encode()
    write_files(folder, dict(zip(FILES, (table, png, markdown(rows, seeds).encode()), strict=True)))


def markdown(rows: Sequence[Row], seeds: Sequence[int]) -> str:
    """The table as a Markdown page."""
    lines = [
        "# The book's network and its variants",
        "",
        f"Trained with seeds {', '.join(map(str, seeds))}, tested on the test wires; mean ± standard deviation.",
        f"Published: accuracy {PUBLISHED['accuracy']:.1%}, loss {PUBLISHED['loss']}.",
        "Made by `python -m training compare`; the numbers of each seed are in `compare.json`.",
        "",
        "| recipe | what is different | parameters | epochs | accuracy | loss |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        accuracy = _summary(row.accuracies, ".1%")
        loss = _summary(row.losses, ".3f") if row.losses else "-"
        size = f"{row.parameters:,}" if row.parameters else "-"
        lines.append(f"| `{row.name}` | {row.title} | {size} | {row.epochs or '-'} | {accuracy} | {loss} |")
    return "\n".join([*lines, "", "![Accuracy of each variant](compare.png)", ""])


def _train(recipe: Recipe, dataset: Dataset, seeds: Sequence[int], report: Report) -> Row:
    arrays = prepare(recipe, dataset)
    results = []
    parameters = 0

    def named(phase: str, done: int, of: int, note: str) -> None:
        report(f"{recipe.name}, {phase}", done, of, note)

    for number, seed in enumerate(seeds, start=1):
        own = numbered(named, number, len(seeds))
        model, _ = fit(recipe, arrays, seed=seed, epochs=recipe.epochs, report=own)
        results.append(model.evaluate(*arrays.test, batch_size=recipe.batch_size, verbose=0))
        parameters = model.count_params()
    losses, accuracies = zip(*results, strict=True)
    return Row(recipe.name, recipe.title, recipe.epochs, parameters, [*map(float, accuracies)], [*map(float, losses)])


def _summary(values: Sequence[float], form: str) -> str:
    return mean_and_deviation(spread(values), form) if len(values) > 1 else format(values[0], form)


def _dense(tensor: Any) -> Any:  # noqa: ANN401
    import tensorflow as tf  # noqa: PLC0415

    return tf.sparse.to_dense(tensor) if isinstance(tensor, tf.SparseTensor) else tensor
