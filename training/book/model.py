"""The Keras model of a recipe."""

from pathlib import Path
from typing import Any

from training.book.recipes import Recipe
from training.data.topics import NAMES


def build_network(recipe: Recipe) -> Any:  # noqa: ANN401 - Keras has no types
    """A compiled Keras model with fresh weights: [n, words] (or [n, length] ids) -> probabilities [n, 46]."""
    import keras  # noqa: PLC0415 - seconds, and --help should not wait for them

    layers: list[Any]
    if recipe.inputs == "padded":
        embedding = keras.layers.Embedding(recipe.words, recipe.hidden[0], mask_zero=True)
        layers = [keras.Input((recipe.length,), dtype="int32"), embedding, keras.layers.GlobalAveragePooling1D()]
        hidden = recipe.hidden[1:]
    else:
        layers = [keras.Input((recipe.words,))]
        hidden = recipe.hidden
    layers += [keras.layers.Dense(units, activation="relu") for units in hidden]
    layers += [keras.layers.Dense(len(NAMES), activation="softmax")]
    model = keras.Sequential(layers)
    model.compile(optimizer=recipe.optimizer, loss=recipe.loss, metrics=["accuracy"])
    return model


def save_network(model: Any, path: Path) -> None:  # noqa: ANN401
    """Save what answers need as a `.keras` file, without the optimizer's state, which would double it.

    Keras writes the date into the file, so that equal weights do not make equal bytes.

    Raises:
        OSError: the file cannot be written.
    """
    import keras  # noqa: PLC0415

    answering = keras.Sequential.from_config(model.get_config())  # not compiled, so without an optimizer
    answering.set_weights(model.get_weights())
    answering.save(path)
