"""Drift reference: topic mix and word ratios of the training titles, for comparison with traffic."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from app.classifier import Encoder
from app.classifier.manifest import Reference
from training.bundles.publishing import topic_mix
from training.headlines.samples import Sample, labels_of

FOLDS: Final = 5
"""Number of parts of the titles; the words of each are looked up in the others."""


def drift_reference(
    encoder: Encoder,
    titles: Sequence[Sample],
    others: Sequence[Sample],
    codes: Sequence[str],
    *,
    multi_label: bool = False,
) -> Reference:
    """`topic_mix` of the titles, and the `unknown_word_ratio` and `rare_word_ratio` to expect of new titles.

    The ratios (0 to 1) are cross-fitted: every training word is in the word index, so each fifth of the titles is
    looked up among the words of all texts but those of its own sources.

    Args:
        encoder: of the model.
        titles: training titles with a topic; in `fit`, all rows with one.
        others: all other training texts, whose words are in the word index too.
        codes: the topics' codes.
        multi_label: the mix is that of all topics of the titles, and not of their first ones.
    """
    numbers = {sample.source: i % FOLDS for i, sample in enumerate(titles)}
    counts = Counter(word for sample in [*titles, *others] for word in set(sample.words))
    fold_counts = [Counter[str]() for _ in range(FOLDS)]
    for sample in [*titles, *others]:
        if sample.source in numbers:
            fold_counts[numbers[sample.source]].update(set(sample.words))
    unknown = rare = total = 0
    for i, sample in enumerate(titles):
        elsewhere = [counts[word] - fold_counts[i % FOLDS][word] for word in sample.words]
        total += len(elsewhere)
        unknown += sum(texts == 0 for texts in elsewhere)
        rare += sum(
            texts > 0 and encoder.status(word) == "rare" for word, texts in zip(sample.words, elsewhere, strict=True)
        )
    if multi_label:
        labels = np.array([label for sample in titles for label in sample.labels], np.int64)
    else:
        labels = labels_of(titles, len(codes))
    return {
        "topic_mix": topic_mix(labels, codes),
        "unknown_word_ratio": round(unknown / total, 6),
        "rare_word_ratio": round(rare / total, 6),
    }
