"""Trains a recipe as the book does: look where overfitting begins, train anew up to there, then test."""

from collections.abc import Callable, Sequence
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

Array = NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Arrays:
    """What Keras is given: inputs and labels of the three parts."""

    train: tuple[Array, Array]
    validation: tuple[Array, Array]
    test: tuple[Array, Array]


@dataclass(frozen=True, slots=True)
class Run:
    """One fresh network, trained from one seed and tested once."""

    seed: int
    history: History
    loss: float
    """Mean cross-entropy on the test wires, in nats."""
    accuracy: float
    model: Any

    @property
    def epochs(self) -> int:
        """How long it was trained."""
        return len(self.history["loss"])


@dataclass(frozen=True, slots=True)
class Training:
    """All that was learned of a recipe."""

    recipe: Recipe
    exploration: History
    """The long run of the first seed, whose network is thrown away."""
    runs: tuple[Run, ...]

    def summary(self) -> dict[str, dict[str, float]]:
        """Mean, standard deviation (n - 1) and range over the seeds, of `loss` and `accuracy`."""
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
    on_epoch: Callable[[], object] = lambda: None,
    tensorboard: Path | None = None,
) -> Training:
    """Train a recipe by the book, once a seed, and test each network on the untouched test wires.

    Args:
        recipe: what to train.
        dataset: on what.
        seeds: at least one; the exploration uses the first.
        epochs: for how long; None reads it off the exploration's validation loss.
        on_epoch: called after every epoch, EXPLORE_EPOCHS + len(seeds) * epochs times.
        tensorboard: folder for logs, one subfolder a run.

    Raises:
        RecipeError: the training part is not larger than what the recipe holds out.
    """
    arrays = prepare(recipe, dataset)
    logs = tensorboard and tensorboard / "explore"
    _, exploration = fit(recipe, arrays, seed=seeds[0], epochs=EXPLORE_EPOCHS, on_epoch=on_epoch, tensorboard=logs)
    epochs = epochs or best_epoch(exploration)
    runs = []
    for seed in seeds:
        logs = tensorboard and tensorboard / f"seed-{seed}"
        model, history = fit(recipe, arrays, seed=seed, epochs=epochs, on_epoch=on_epoch, tensorboard=logs)
        loss, accuracy = model.evaluate(*arrays.test, batch_size=recipe.batch_size, verbose=0)
        runs.append(Run(seed, history, float(loss), float(accuracy), model))
    return Training(recipe, exploration, tuple(runs))


def prepare(recipe: Recipe, dataset: Dataset) -> Arrays:
    """Turn the set into what the recipe's network takes; the first wires of the training part become validation."""
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
    on_epoch: Callable[[], object] = lambda: None,
    tensorboard: Path | None = None,
) -> tuple[Any, History]:
    """Train a fresh network; the same seed gives the same weights on the same machine and versions."""
    import keras  # noqa: PLC0415 - seconds, and --help should not wait for them
    import tensorflow as tf  # noqa: PLC0415

    keras.utils.clear_session()  # so that layers are named alike however many networks came before
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=lambda _epoch, _logs: on_epoch())]
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
    """The epoch, from 1, after which validation loss never was lower: beyond it the network overfits."""
    return int(np.argmin(history["val_loss"])) + 1


def _inputs(recipe: Recipe, encoder: Encoder, part: Part) -> Array:
    sequences = part.sequences(encoder)
    if recipe.inputs == "multi-hot":
        return vectorize_sequences(sequences, recipe.words)
    import keras  # noqa: PLC0415

    # The first words say most of a wire's topic; Keras would by default keep the last.
    padded: Array = keras.utils.pad_sequences(sequences, recipe.length, padding="post", truncating="post")
    return padded


def _labels(recipe: Recipe, labels: Labels) -> Array:
    return to_one_hot(labels) if recipe.labels == "one-hot" else labels
