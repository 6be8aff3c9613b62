"""Trains a recipe as the book does: find the epoch where overfitting begins, train a new network up to it, test it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.classifier.encoding import Encoder
from app.classifier.manifest import EncodingSpec
from training.book.model import build_network
from training.book.recipes import EXPLORE_EPOCHS, Recipe
from training.book.vectors import to_one_hot, vectorize_sequences
from training.data.dataset import Dataset, Labels, Part
from training.errors import RecipeError
from training.history import History, spread
from training.progress import Report, numbered, silent

Array = NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Arrays:
    """Inputs and labels of the three parts, as Keras takes them; shapes as in `build_network`."""

    train: tuple[Array, Array]
    validation: tuple[Array, Array]
    test: tuple[Array, Array]


@dataclass(frozen=True, slots=True)
class Run:
    """One network, trained from one seed and tested once."""

    seed: int
    history: History
    loss: float
    """Mean cross-entropy on the test wires, in nats."""
    accuracy: float
    """On the test wires."""
    model: Any
    """The Keras model."""

    @property
    def epochs(self) -> int:
        """Number of epochs trained."""
        return len(self.history["loss"])


@dataclass(frozen=True, slots=True)
class Training:
    """All runs of a recipe."""

    recipe: Recipe
    exploration: History
    """History of the first training, EXPLORE_EPOCHS long, from the first seed; its network is discarded."""
    runs: tuple[Run, ...]

    def summary(self) -> dict[str, dict[str, float]]:
        """`loss` and `accuracy` -> their spread over the seeds (see `training.history.spread`)."""
        return {
            "loss": spread([run.loss for run in self.runs]),
            "accuracy": spread([run.accuracy for run in self.runs]),
        }


def train_and_evaluate(
    recipe: Recipe,
    dataset: Dataset,
    seeds: Sequence[int],
    *,
    epochs: int | None = None,
    report: Report = silent,
    tensorboard: Path | None = None,
) -> Training:
    """Train a recipe as in the book, once per seed, and test each network on the test wires.

    Args:
        recipe: what to train.
        dataset: training and test wires.
        seeds: at least one; the exploration uses the first.
        epochs: number of epochs; None: up to the lowest validation loss of the exploration.
        report: called with the progress after every epoch.
        tensorboard: folder for logs, with a subfolder per run.

    Raises:
        RecipeError: there are not more training wires than the recipe holds out.
    """
    arrays = prepare(recipe, dataset)
    logs = tensorboard and tensorboard / "explore"
    passes = 1 + len(seeds)
    first = numbered(report, 1, passes)
    _, exploration = fit(recipe, arrays, seed=seeds[0], epochs=EXPLORE_EPOCHS, report=first, tensorboard=logs)
    epochs = epochs or best_epoch(exploration)
    runs = []
    for number, seed in enumerate(seeds, start=2):
        logs = tensorboard and tensorboard / f"seed-{seed}"
        own = numbered(report, number, passes)
        model, history = fit(recipe, arrays, seed=seed, epochs=epochs, report=own, tensorboard=logs)
        loss, accuracy = model.evaluate(*arrays.test, batch_size=recipe.batch_size, verbose=0)
        runs.append(Run(seed, history, float(loss), float(accuracy), model))
    return Training(recipe, exploration, tuple(runs))


def prepare(recipe: Recipe, dataset: Dataset) -> Arrays:
    """Encode the data set for the recipe's network; the first training wires become the validation part.

    Raises:
        RecipeError: there are not more training wires than the recipe holds out.
    """
    held_out = recipe.validation
    if len(dataset.train.texts) <= held_out:
        raise RecipeError(
            f"The training part has {len(dataset.train.texts):,} wires and recipe {recipe.name} holds out {held_out:,}"
            " of them; use the whole set."
        )
    encoder = Encoder(EncodingSpec(size=recipe.words), dataset.word_index)
    x_train, y_train = _inputs(recipe, encoder, dataset.train), _labels(recipe, dataset.train.labels)
    return Arrays(
        train=(x_train[held_out:], y_train[held_out:]),
        validation=(x_train[:held_out], y_train[:held_out]),
        test=(_inputs(recipe, encoder, dataset.test), _labels(recipe, dataset.test.labels)),
    )


def fit(
    recipe: Recipe,
    arrays: Arrays,
    *,
    seed: int,
    epochs: int,
    report: Report = silent,
    tensorboard: Path | None = None,
) -> tuple[Any, History]:
    """Train a new network; the same seed gives the same weights on the same machine with the same versions.

    Returns:
        The trained Keras model, and its history.
    """
    import keras  # noqa: PLC0415 - takes seconds, which --help need not wait
    import tensorflow as tf  # noqa: PLC0415

    keras.utils.clear_session()  # layer names then do not depend on how many networks were built before
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()

    def ended(epoch: int, logs: dict[str, float]) -> None:
        report("network", epoch + 1, epochs, f"loss {logs['loss']:.3f}, accuracy {logs['accuracy']:.3f}")

    callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=ended)]
    if tensorboard is not None:
        callbacks.append(keras.callbacks.TensorBoard(tensorboard, write_graph=False))
    model = build_network(recipe)
    history = model.fit(
        *arrays.train,
        epochs=epochs,
        batch_size=recipe.batch_size,
        validation_data=arrays.validation,
        callbacks=callbacks,
        verbose=0,
    ).history
    return model, {name: [float(value) for value in values] for name, values in history.items()}


def best_epoch(history: History) -> int:
    """The epoch, counted from 1, with the lowest validation loss; after it the network overfits."""
    return int(np.argmin(history["val_loss"])) + 1


def _inputs(recipe: Recipe, encoder: Encoder, part: Part) -> Array:
    sequences = part.sequences(encoder)
    if recipe.inputs == "multi-hot":
        return vectorize_sequences(sequences, recipe.words)
    import keras  # noqa: PLC0415

    # The first words are the most informative about a wire's topic; by default Keras keeps the last ones.
    padded: Array = keras.utils.pad_sequences(sequences, recipe.length, padding="post", truncating="post")
    return padded


def _labels(recipe: Recipe, labels: Labels) -> Array:
    return to_one_hot(labels) if recipe.labels == "one-hot" else labels
