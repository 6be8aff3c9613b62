"""What the headline model learned from, to hold the service's traffic against."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from app.classifier import Encoder
from training.data.topics import NAMES
from training.headlines.samples import Sample, labels_of

FOLDS = 5


def reference(encoder: Encoder, titles: Sequence[Sample], bodies: Sequence[Sample]) -> dict[str, Any]:
    """Topic mix of the titles, and shares of unknown and rare words that titles of new wires would show.

    Cross-fitted: every word of a title is known to a word index that was made from it, so that each fifth of the
    wires is held against an index of the other four.
    """
    numbers = {sample.wire.number: i % FOLDS for i, sample in enumerate(titles)}
    every = Counter(word for sample in [*titles, *bodies] for word in set(sample.words))
    inside = [Counter[str]() for _ in range(FOLDS)]
    for sample in [*titles, *bodies]:
        if sample.wire.number in numbers:
            inside[numbers[sample.wire.number]].update(set(sample.words))
    unknown = rare = total = 0
    for i, sample in enumerate(titles):
        elsewhere = [every[word] - inside[i % FOLDS][word] for word in sample.words]
        total += len(elsewhere)
        unknown += sum(texts == 0 for texts in elsewhere)
        rare += sum(
            texts > 0 and encoder.status(word) == "rare" for word, texts in zip(sample.words, elsewhere, strict=True)
        )
    shares = np.bincount(labels_of(titles), minlength=len(NAMES)) / len(titles)
    return {
        "topic_mix": dict(zip(NAMES, shares.round(6).tolist(), strict=True)),
        "unknown_word_ratio": round(unknown / total, 6),
        "rare_word_ratio": round(rare / total, 6),
    }
