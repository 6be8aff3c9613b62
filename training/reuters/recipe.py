"""Hyperparameters of the recipe `headlines`; docs/experiments.md has the figures behind each choice."""

from dataclasses import dataclass
from typing import Final

from training.headlines.recipe import Recipe


@dataclass(frozen=True, slots=True)
class HeadlinesRecipe(Recipe):
    """Besides those of any headline model: what the wires' titles and bodies and the lexicon need."""

    name: str = "headlines"
    features: int = 46_000
    width: int = 56
    cluster_share: float = 0.5
    linear_share: float = 2.5
    ridge_share: float = 1 / 3
    min_lexicon_texts: int = 2
    """Least number of texts of the lexicon with a word that has an id besides the most frequent words."""
    first_words: int = 20
    """The first words of each body are also a training text of their own, because they resemble a headline."""
    clean_below: float = -0.3
    """Wires without a topic whose score is lower are left out, as they should have had one (see `mislabelled`)."""
    penalties: tuple[tuple[float, float], ...] = ((1.0, 0.0), (2.0, 0.4), (1.0, 0.0), (4.0, 1.0))
    """C of the SVM for titles, bodies, first words and the lexicon: for a text's first topic, and for further ones."""
    held_out: int = 1_000
    """Number of training wires, the first ones, held out to fit temperature and prediction sets."""
    held_out_every: int = 8
    """One in so many texts about none of the topics, and of the lexicon, is also held out."""


HEADLINES: Final = HeadlinesRecipe()
