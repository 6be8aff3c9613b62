"""Whether what is asked lately still looks like what the model was trained on."""

import time
from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.classifier import Classification
from app.classifier.manifest import Manifest

WINDOW = 1_000
EVERY_SECONDS = 1.0
"""Nobody scrapes more often, and under load a hundred headlines come in a millisecond."""
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
        self._recent: deque[tuple[int, int, int]] = deque(maxlen=WINDOW)
        """Label (-1: abstained), unknown words, words."""
        self._due_at = 0.0

    def saw(self, results: Sequence[Classification]) -> bool:
        """Take in some answers; true when the indices are due again."""
        self._recent.extend(
            [
                (labels[0] if labels else -1, words - known - rare, words)
                for labels, _, _, (_, words, known, rare, _), _ in results[-WINDOW:]
            ]
        )
        now = time.monotonic()
        if now < self._due_at:
            return False
        self._due_at = now + EVERY_SECONDS
        return True

    def indices(self) -> tuple[float, float]:
        """PSI of the topics and of known against unknown words."""
        labels, unknown, words = np.array(self._recent).T
        counts = np.bincount(labels[labels >= 0], minlength=len(self._topics))
        all_unknown = unknown.sum()
        return psi(counts, self._topics), psi(np.array([all_unknown, words.sum() - all_unknown]), self._words)


def psi(now: NDArray[np.generic], then: NDArray[np.generic]) -> float:
    """Population stability index of two distributions, given as counts or shares of the same bins."""
    shares = [np.maximum(one / max(one.sum(), 1e-12), _FLOOR) for one in (now.astype(float), then.astype(float))]
    return float(((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum())
