"""What a model is trained on: kinds of texts, each with its part in the vocabulary and in the SVM."""

from dataclasses import dataclass
from typing import Literal

from training.headlines.samples import Sample


@dataclass(frozen=True, slots=True)
class Kind:
    """Texts of one kind, such as titles, and how they are learned from."""

    samples: tuple[Sample, ...]
    penalty: tuple[float, float]
    """C of the SVM for a text's first topic, and for its further topics."""
    vocabulary: Literal["frequent", "added", "none"] = "frequent"
    """Its words compete for ids; or have ids besides the most frequent words; or do not count."""
    spans: bool = False
    """Whether each epoch of the MLPs also has a random span of each text."""
    ridge: bool = False
    """Whether the ridge regression, if the recipe has one, learns from its texts."""


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that a model is trained on."""

    kinds: tuple[Kind, ...]
    topics: int
    """Number of topics."""
    min_added_texts: int = 1
    """Least number of texts with a word, for kinds whose vocabulary is `added`."""
    clusters: tuple[tuple[str, ...], ...] = ()
    """Of words; a word without an id of its own shares that of its cluster."""
    multi_label: bool = False
    """Whether a text may have several topics, which count alike, or none; there is no outside class then."""

    @property
    def units(self) -> int:
        """One for each topic, and one for the outside class if there are texts about none of the topics."""
        return self.topics + (not self.multi_label) * any(
            not sample.labels for kind in self.kinds for sample in kind.samples
        )

    def vocabulary(self, use: str) -> list[Sample]:
        """The texts of all kinds with this use in the vocabulary."""
        return [sample for kind in self.kinds if kind.vocabulary == use for sample in kind.samples]
