"""The book's network and every variant that the book discusses, as data.

The book is F. Chollet, Deep Learning with Python, section "Classifying newswires: a multiclass classification example".
"""

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

PUBLISHED: Final = {"loss": 1.02, "accuracy": 0.776}
"""Loss and accuracy on the test wires as printed in the book: `[1.022498257544459, 0.7756010686194165]`."""

EXPLORE_EPOCHS: Final = 20
"""Epochs of the first training, which shows where overfitting begins."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """All hyperparameters of a training run. The defaults are those of the book."""

    name: str
    title: str
    """How it differs from the book's network, for the table of the ablation."""
    hidden: tuple[int, ...] = (64, 64)
    """Units of each hidden layer; the activation is relu."""
    inputs: Literal["multi-hot", "padded"] = "multi-hot"
    """`padded`: id sequences of one length, for an Embedding layer with `hidden[0]` numbers per word."""
    labels: Literal["one-hot", "integer"] = "one-hot"
    epochs: int = 9
    batch_size: int = 512
    validation: int = 1_000
    """Number of training wires held out for validation: the first ones."""
    words: int = 10_000
    """Number of ids, including the special ones."""
    optimizer: str = "rmsprop"
    length: int = 256
    """Number of words that `padded` keeps, the first ones; three quarters of the wires have no more."""

    @property
    def loss(self) -> str:
        """Keras's name of the loss for this kind of labels."""
        return "categorical_crossentropy" if self.labels == "one-hot" else "sparse_categorical_crossentropy"

    def describe(self) -> dict[str, Any]:
        """The recipe as the manifest records it."""
        return asdict(self) | {"loss": self.loss}


BOOK: Final = Recipe("book", "The book: multi-hot, 64-64-46, one-hot labels, 9 epochs")

RECIPES: Final = {
    recipe.name: recipe
    for recipe in (
        BOOK,
        Recipe("integer-labels", "Integer labels, sparse_categorical_crossentropy", labels="integer"),
        Recipe("twenty-epochs", "20 epochs instead of 9", epochs=20),
        Recipe("bottleneck-4", "A bottleneck: 4 units in the second layer", hidden=(64, 4)),
        Recipe("units-16", "16 units a layer", hidden=(16, 16)),
        Recipe("units-32", "32 units a layer", hidden=(32, 32)),
        Recipe("units-128", "128 units a layer", hidden=(128, 128)),
        Recipe("one-layer", "One hidden layer of 64", hidden=(64,)),
        Recipe("three-layers", "Three hidden layers of 64", hidden=(64, 64, 64)),
        Recipe("embedding", "Padded integer sequences, Embedding of 64", inputs="padded"),
        Recipe("embedding-60", "The same for 60 epochs", inputs="padded", epochs=60),
    )
}
