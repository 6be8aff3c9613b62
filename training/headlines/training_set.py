"""Training set of a headline model: kinds of texts, and what the vocabulary and each model learn from them."""

from dataclasses import dataclass
from typing import Literal

from training.headlines.clusters.cluster_list import Clusters
from training.headlines.recipe import Recipe
from training.headlines.samples import Sample


@dataclass(frozen=True, slots=True)
class TextKind:
    """Texts of one kind, such as titles, and how they are learned from."""

    samples: tuple[Sample, ...]
    penalty: tuple[float, float]
    """C of the SVM for a text's first topic, and for its further topics."""
    vocabulary: Literal["frequent", "added", "none"] = "frequent"
    """`frequent`: the most frequent of its words get ids; `added`: further words of these texts do; `none`: none do."""
    spans: bool = False
    """Whether each epoch of the MLPs also has a random span of each text."""
    ridge: bool = False
    """Whether the ridge regression, if the recipe has one, learns from its texts."""


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Everything that a model is trained on."""

    kinds: tuple[TextKind, ...]
    topics: int
    """Number of topics."""
    min_added_texts: int = 1
    """Minimum number of texts with a word, for kinds whose vocabulary is `added`."""
    clusters: Clusters = ()
    """That a recipe may use (see `clusters_of`); a word without an id of its own then has that of its cluster."""
    multi_label: bool = False
    """Whether a text may have several topics, which count alike, or none; there is no outside class then."""

    @property
    def units(self) -> int:
        """Number of output units: one per topic, and one for the outside class if there are texts about no topic."""
        return self.topics + (not self.multi_label) * any(
            not sample.labels for kind in self.kinds for sample in kind.samples
        )

    def clusters_of(self, recipe: Recipe) -> Clusters:
        """The clusters if the recipe gives them a weight, else none."""
        return self.clusters if recipe.cluster_share else ()

    def vocabulary(self, use: str) -> list[Sample]:
        """The texts of all kinds with this use in the vocabulary."""
        return [sample for kind in self.kinds if kind.vocabulary == use for sample in kind.samples]
