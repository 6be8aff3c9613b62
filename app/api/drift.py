"""Whether what is asked lately still looks like what the model was trained on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.classifier import Classification
from app.classifier.manifest import Manifest

WINDOW = 1_000
EVERY = 100
_FLOOR = 1e-3
"""Keeps a topic that did not come up lately, or in training, from making the index infinite."""


class Drift:
    """The last WINDOW headlines, held against training by the population stability index (PSI).

    PSI = sum((now - then) * ln(now / then)) over the shares of a distribution: below 0.1 nothing has
    moved, above 0.25 much has (Siddiqi 2006, Credit Risk Scorecards).
    """

    def __init__(self, manifest: Manifest) -> None:
        mix = manifest.reference.get("topic_mix", {})
        self._topics = np.array([mix.get(topic.code, 0.0) for topic in manifest.topics])
        unknown = float(manifest.reference.get("unknown_word_ratio", 0.0))
        self._words = np.array([unknown, 1 - unknown])
        # Label (-1: abstained), unknown words, words; a ring, so that nothing is moved to forget the oldest.
        self._recent = np.zeros((WINDOW, 3), np.int64)
        self._recent[:, 0] = -1
        self._seen = 0

    def saw(self, results: Sequence[Classification]) -> bool:
        """Take in some answers; true when the indices are due again."""
        before = self._seen // EVERY
        for one in results:
            encoded = one.encoded
            self._recent[self._seen % WINDOW] = (
                one.labels[0] if one.labels else -1,
                encoded.unknown_words,
                encoded.words,
            )
            self._seen += 1
        return self._seen // EVERY > before

    def indices(self) -> tuple[float, float]:
        """PSI of the topics and of known against unknown words."""
        labels, unknown, words = self._recent.T
        counts = np.bincount(labels[labels >= 0], minlength=len(self._topics))
        all_unknown = unknown.sum()
        return psi(counts, self._topics), psi(np.array([all_unknown, words.sum() - all_unknown]), self._words)


def psi(now: NDArray[np.generic], then: NDArray[np.generic]) -> float:
    """Population stability index of two distributions, given as counts or shares of the same bins."""
    shares = [np.maximum(one / max(one.sum(), 1e-12), _FLOOR) for one in (now.astype(float), then.astype(float))]
    return float(((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum())
