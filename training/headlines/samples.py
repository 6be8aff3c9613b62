"""Training texts: titles, own bodies and spans of them, with targets over all assigned topics."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.classifier.network import Floats
from app.classifier.tokenizer import tokenize
from training.data.corpus import Wire
from training.data.topics import TOPICS

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """A text, split into words, and its wire."""

    words: Words
    wire: Wire


def split_words(text: str) -> Words:
    """The words of a text without quotes at their edges, which the vocabulary then does not contain either."""
    return tuple(bare for word in tokenize(text) if (bare := word.strip("'")))


def title_words(wires: Iterable[Wire]) -> set[Words]:
    """The tokenized titles of wires, to leave out of training."""
    return {split_words(wire.title) for wire in wires if wire.title}


def make_samples(wires: Sequence[Wire], avoid: Collection[Words] = frozenset()) -> tuple[list[Sample], list[Sample]]:
    """Titles, except those in `avoid`, and own bodies of wires, as two lists; empty texts are left out."""
    titles = [Sample(split_words(wire.title), wire) for wire in wires if wire.title]
    bodies = [Sample(split_words(wire.body), wire) for wire in wires if wire.body]
    return (
        [sample for sample in titles if sample.words and sample.words not in avoid],
        [sample for sample in bodies if sample.words],
    )


def cut_spans(samples: Sequence[Sample], words: tuple[int, int], rng: np.random.Generator) -> list[Sample]:
    """A random span of each sample, `words[0]` to `words[1]` words long; shorter samples stay whole."""
    spans = []
    for sample in samples:
        size = min(len(sample.words), int(rng.integers(words[0], words[1] + 1)))
        start = int(rng.integers(0, len(sample.words) - size + 1))
        spans.append(Sample(sample.words[start : start + size], sample.wire))
    return spans


def cut_leads(samples: Sequence[Sample], words: int) -> list[Sample]:
    """The first `words` words of each sample."""
    return [Sample(sample.words[:words], sample.wire) for sample in samples]


def labels_of(samples: Sequence[Sample]) -> NDArray[np.int64]:
    """The label (first topic) of each sample, int64 [n]."""
    return np.array([sample.wire.label for sample in samples], np.int64)


def others_of(samples: Sequence[Sample]) -> NDArray[np.bool_]:
    """The further topics of each sample, bool [n, 46]."""
    others = np.zeros((len(samples), len(TOPICS)), np.bool_)
    for row, sample in zip(others, samples, strict=True):
        row[list(sample.wire.labels)] = True
        row[sample.wire.label] = False
    return others


def soft_targets(samples: Sequence[Sample], first_share: float) -> Floats:
    """Targets over all assigned topics, float32 [n, 46]: the first has `first_share`, the others share the rest."""
    targets = np.zeros((len(samples), len(TOPICS)), np.float32)
    for row, sample in zip(targets, samples, strict=True):
        first, *others = dict.fromkeys(sample.wire.labels)
        row[first] = first_share if others else 1.0
        row[others] = (1 - first_share) / max(len(others), 1)
    return targets
