"""Training texts: titles, own bodies and parts of them, with targets over the topics and the outside class."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.classifier.network import Floats
from app.classifier.tokenizer import tokenize
from training.data.corpus import ArchiveWire, Wire
from training.data.lexicon import Entry
from training.data.topics import LABELS, TOPICS

Words = tuple[str, ...]

OUTSIDE = len(TOPICS)
"""The label of a text about none of the topics: the column after theirs."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A text, split into words, with its topics."""

    words: Words
    labels: tuple[int, ...]
    """The topics, the main one first; empty for a text about none of them."""
    source: int | None = None
    """The number of the wire; None: not of a wire."""


def split_words(text: str) -> Words:
    """The words of a text without quotes at their edges, which the vocabulary then does not contain either."""
    return tuple(bare for word in tokenize(text) if (bare := word.strip("'")))


def title_words(wires: Iterable[Wire]) -> set[Words]:
    """The tokenized titles of wires, to leave out of training."""
    return {split_words(wire.title) for wire in wires if wire.title}


def make_samples(
    wires: Sequence[Wire | ArchiveWire], avoid: Collection[Words] = frozenset()
) -> tuple[list[Sample], list[Sample]]:
    """Titles, except those in `avoid`, and own bodies of wires, as two lists; empty texts are left out.

    A wire that is not of the 46-topic set is one about none of the topics.
    """
    labels = [wire.labels if isinstance(wire, Wire) else () for wire in wires]
    titles, bodies = (
        [
            Sample(split_words(text), topics, wire.number)
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
    return [Sample(split_words(entry.text), tuple(LABELS[topic] for topic in entry.topics)) for entry in entries]


def cut_spans(samples: Sequence[Sample], words: tuple[int, int], rng: np.random.Generator) -> list[Sample]:
    """A random span of each sample, `words[0]` to `words[1]` words long; shorter samples stay whole."""
    spans = []
    for sample in samples:
        size = min(len(sample.words), int(rng.integers(words[0], words[1] + 1)))
        start = int(rng.integers(0, len(sample.words) - size + 1))
        spans.append(replace(sample, words=sample.words[start : start + size]))
    return spans


def cut_leads(samples: Sequence[Sample], words: int) -> list[Sample]:
    """The first `words` words of each sample."""
    return [replace(sample, words=sample.words[:words]) for sample in samples]


def labels_of(samples: Sequence[Sample]) -> NDArray[np.int64]:
    """The label of each sample, int64 [n]: its first topic, or OUTSIDE."""
    return np.array([sample.labels[0] if sample.labels else OUTSIDE for sample in samples], np.int64)


def others_of(samples: Sequence[Sample]) -> NDArray[np.bool_]:
    """The further topics of each sample, bool [n, topics + 1]."""
    others = np.zeros((len(samples), OUTSIDE + 1), np.bool_)
    for row, sample in zip(others, samples, strict=True):
        row[list(sample.labels[1:])] = True
        if sample.labels:
            row[sample.labels[0]] = False
    return others


def soft_targets(samples: Sequence[Sample], first_share: float) -> Floats:
    """Targets, float32 [n, topics + 1].

    The first topic has `first_share`, the others share the rest; a text about none has 1 in the last column only.
    """
    targets = np.zeros((len(samples), OUTSIDE + 1), np.float32)
    for row, sample in zip(targets, samples, strict=True):
        first, *others = dict.fromkeys(sample.labels) or (OUTSIDE,)
        row[first] = first_share if others else 1.0
        row[others] = (1 - first_share) / max(len(others), 1)
    return targets
