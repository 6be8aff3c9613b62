"""The Keras model of a recipe."""

from pathlib import Path
from typing import Any

from training.book.recipes import Recipe
from training.data.topics import NAMES


def build_network(recipe: Recipe) -> Any:  # noqa: ANN401 - Keras has no types
    """A compiled Keras model with new random weights.

    Input is multi-hot, float32 [n, recipe.words], or for `padded` recipes ids, int32 [n, recipe.length]; output is
    probabilities, float32 [n, 46].
    """
    import keras  # noqa: PLC0415 - takes seconds, which --help need not wait

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
    """Save a model as a `.keras` file, without the state of the optimizer, which would double its size.

    Keras writes the date into the file, so two files with equal weights differ.

    Raises:
        OSError: the file cannot be written.
    """
    import keras  # noqa: PLC0415

    inference = keras.Sequential.from_config(model.get_config())  # not compiled, so without an optimizer
    inference.set_weights(model.get_weights())
    inference.save(path)
