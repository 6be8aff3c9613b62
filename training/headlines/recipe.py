"""What decides the headline model, but data and seed; docs/experiments.md has the figures behind each choice."""

from dataclasses import asdict, dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class HeadlinesRecipe:
    """Vocabulary, samples, linear machine, networks and calibration."""

    name: str = "headlines"
    features: int = 19_000
    """Words, later words, repeats and pairs; the multi-hot vector has one more place, id 0, that nothing uses."""
    words: int = 10_000
    """The most frequent; the others are rare: in the word index, but without an id."""
    lead: int = 30
    """Words; what a wire says there counts apart from what it says later."""
    later: int = 4_000
    """Words of which the multi-hot vector says that they come later only."""
    repeats: int = 1_500
    """Words of which the multi-hot vector also says that they occur twice or more."""
    min_word_texts: int = 2
    min_later_texts: int = 2
    min_repeat_texts: int = 3
    min_pair_texts: int = 3
    piece_share: float = 1.0
    """Of a word's pieces of letters in what is learned of it, its own place counting 1."""
    min_piece_words: int = 4
    networks: int = 4
    hidden: int = 100
    """Units of each network."""
    width: int = 128
    """Of the layer that linear machine and networks share."""
    dropout: float = 0.5
    word_dropout: float = 0.5
    """Each text loses words at a rate of its own, drawn up to this one."""
    first_words: int = 20
    """Of each body, learned as a text of their own besides: nothing else in a wire is as much like a headline."""
    span_words: tuple[int, int] = (4, 20)
    """Each epoch has a new piece of each body, as long as a headline."""
    first_topic_share: float = 0.7
    """Of a wire with several topics; the others share the rest."""
    penalties: tuple[tuple[float, float], ...] = ((1.0, 0.0), (2.0, 0.4), (1.0, 0.0))
    """C of the linear machine for titles, bodies and their first words: for a wire's first topic, and for others."""
    linear_share: float = 4.0
    """Of its scores, which lie between -1 and 1, in the logits."""
    epochs: int = 16
    batch_size: int = 256
    learning_rate: float = 3e-3
    """Falls linearly to 0."""
    held_out: int = 1_000
    """Training wires, from the first, that calibration and topic sets are fitted on, and that choices were made by."""
    coverage: float = 0.9

    def describe(self) -> dict[str, Any]:
        """The recipe as the manifest records it."""
        return asdict(self)


HEADLINES: Final = HeadlinesRecipe()
