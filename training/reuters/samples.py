"""Titles, own bodies and the lexicon as training texts."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from app.classifier.tokenizer import tokenize, unquoted
from training.data.corpus import ArchiveWire, Wire
from training.data.lexicon import Entry
from training.data.topics import LABELS, TOPICS
from training.headlines.clusters.cluster_list import Clusters
from training.headlines.samples import Sample, Words
from training.headlines.training_set import TextKind, TrainingSet
from training.reuters.recipe import HeadlinesRecipe


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts to train on, or held out from it. A text about none of the topics has no label."""

    titles: tuple[Sample, ...]
    bodies: tuple[Sample, ...]
    lexicon: tuple[Sample, ...] = ()

    @property
    def kinds(self) -> tuple[tuple[Sample, ...], ...]:
        """Titles, bodies and the lexicon, each without those that have no text."""
        return tuple(kind for kind in (self.titles, self.bodies, self.lexicon) if kind)


def training_set(recipe: HeadlinesRecipe, texts: Texts, clusters: Clusters = ()) -> TrainingSet:
    """What a model is trained on: titles, bodies and pieces of them, the lexicon, and the clusters of words."""
    titles, bodies, leads, lexicon = recipe.penalties
    return TrainingSet(
        (
            TextKind(texts.titles, titles, ridge=True),
            TextKind(texts.bodies, bodies, spans=True),
            TextKind(tuple(cut_leads(texts.bodies, recipe.first_words)), leads, vocabulary="none"),
            TextKind(texts.lexicon, lexicon, vocabulary="added"),
        ),
        len(TOPICS),
        recipe.min_lexicon_texts,
        clusters,
    )


def title_words(wires: Iterable[Wire]) -> set[Words]:
    """The tokenized titles of wires, to leave out of training."""
    return {unquoted(tokenize(wire.title)) for wire in wires if wire.title}


def make_samples(
    wires: Sequence[Wire | ArchiveWire], avoid: Collection[Words] = frozenset()
) -> tuple[list[Sample], list[Sample]]:
    """Titles, except those in `avoid`, and own bodies of wires, as two lists; empty texts are left out.

    A wire that is not of the Keras data set is one about none of the topics.
    """
    labels = [wire.labels if isinstance(wire, Wire) else () for wire in wires]
    titles, bodies = (
        [
            Sample(unquoted(tokenize(text)), topics, wire.number)
            for text, topics, wire in zip(texts, labels, wires, strict=True)
            if text
        ]
        for texts in ([wire.title for wire in wires], [wire.body for wire in wires])
    )
    return (
        [sample for sample in titles if sample.words and sample.words not in avoid],
        [sample for sample in bodies if sample.words],
    )


def lexicon_samples(entries: Iterable[Entry]) -> list[Sample]:
    """The texts of the lexicon."""
    return [Sample(unquoted(tokenize(entry.text)), tuple(LABELS[topic] for topic in entry.topics)) for entry in entries]


def cut_leads(samples: Sequence[Sample], words: int) -> list[Sample]:
    """The first `words` words of each sample."""
    return [replace(sample, words=sample.words[:words]) for sample in samples]
