"""Training texts, split into words, with targets over the topics and the outside class."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from training.evaluation.multi_label import indicator_matrix

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """A text, split into words, with its topics."""

    words: Words
    labels: tuple[int, ...]
    """The topics, the main one first; empty for a text about none of them."""
    source: int | None = None
    """Number of the row or wire that the text is from; None: from none."""


def cut_spans(samples: Sequence[Sample], words: tuple[int, int], rng: np.random.Generator) -> list[Sample]:
    """A random span of each sample, `words[0]` to `words[1]` words long; shorter samples stay whole."""
    spans = []
    for sample in samples:
        size = min(len(sample.words), int(rng.integers(words[0], words[1] + 1)))
        start = int(rng.integers(0, len(sample.words) - size + 1))
        spans.append(replace(sample, words=sample.words[start : start + size]))
    return spans


def random_rows(count: int, max_rows: int | None, seed: int) -> NDArray[np.intp]:
    """Ascending row numbers, int64 [n]: all of `count` rows, or a random sample of `max_rows` of them."""
    if max_rows is None or count <= max_rows:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, max_rows, replace=False))


def labels_of(samples: Sequence[Sample], topics: int) -> NDArray[np.int64]:
    """The label of each sample, int64 [n]: its first topic, or `topics` for a text about none of them."""
    return np.array([sample.labels[0] if sample.labels else topics for sample in samples], np.int64)


def others_of(samples: Sequence[Sample], units: int) -> NDArray[np.bool_]:
    """The further topics of each sample, bool [n, units]."""
    return indicator_matrix(
        [[label for label in sample.labels if label != sample.labels[0]] for sample in samples], units
    )


def members_of(samples: Sequence[Sample], topics: int) -> NDArray[np.bool_]:
    """Whether each sample has each topic, bool [n, topics]."""
    return indicator_matrix([sample.labels for sample in samples], topics)


def soft_targets(samples: Sequence[Sample], topics: int, units: int, first_share: float) -> sp.csr_matrix:
    """Targets, float32 [n, units].

    The first topic has `first_share`, the others share the rest; a text about none has 1 in column `topics` only.
    """
    columns: list[int] = []
    values: list[float] = []
    starts = [0]
    for sample in samples:
        first, *others = dict.fromkeys(sample.labels) or (topics,)
        columns += [first, *others]
        values += [first_share, *[(1 - first_share) / len(others)] * len(others)] if others else [1.0]
        starts.append(len(columns))
    return sp.csr_matrix((np.array(values, np.float32), columns, starts), shape=(len(samples), units))
