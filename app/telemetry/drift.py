"""Data drift: population stability indices (PSI) of recent headlines against the training data."""

import math
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.classifier import Classification
from app.classifier.manifest import Manifest

Floats = NDArray[np.float64]

WINDOW = 1_000
"""Most recent headlines that are looked at; more for models of more than 500 topics."""

LEAST = 100
"""Minimum number of headlines for an index, for any model."""

FLOOR = 1e-3
"""Least share: keeps a topic that did not come up lately, or in training, from making the index infinite."""

_COMMON = 30.0
_COUNTS = np.arange(100.0)  # what a Poisson variable of mean 30 stays below
_LOG_FACTORIALS = np.cumsum(np.log(np.maximum(_COUNTS, 1)))


class Index(NamedTuple):
    """One index and the headlines it rests on."""

    psi: float
    """Less what chance alone makes of it, and so around 0, also below, where nothing has moved."""
    headlines: int


class Drift:
    """The last headlines of one process, compared with the manifest's `reference`.

    PSI = sum((now - then) * ln(now / then)) over the shares of a distribution: below 0.1 nothing has moved, above 0.25
    much has (Siddiqi 2006, Credit Risk Scorecards). A sample's own noise adds to it: without drift, n * PSI is about
    chi-squared with B - 1 degrees of freedom for B shares (Yurdakul and Naranjo 2020, Journal of Risk Model
    Validation 14(4)), so that it has mean (B - 1) / n and standard deviation sqrt(2 (B - 1)) / n. The mean is
    subtracted; and an index appears once 0.25 is 7.5 standard deviations, since the tail is longer than that of a
    normal distribution where topics are rare.
    """

    def __init__(self, manifest: Manifest) -> None:
        mix = manifest.reference.get("topic_mix", {})
        topics = np.array([mix.get(topic.code, 0.0) for topic in manifest.topics])
        self._topics = topics / topics.sum() if topics.sum() > 0 else None
        self._trained_on = sum(topic.support for topic in manifest.topics)
        unknown = float(manifest.reference.get("unknown_word_ratio", 0.0))
        # A share of 0 was measured on the words that the model learned, and says nothing of new headlines.
        self._unknown = unknown if 0 < unknown < 1 else None
        outside = float(manifest.reference.get("outside_ratio", 0.0))
        self._outside = outside if manifest.outside is not None and 0 < outside < 1 else None
        self.least = max(LEAST, math.ceil(30 * math.sqrt(2 * (len(topics) - 1))))
        self._by_chance = (0, 0.0)
        """Headlines, and what `expected_psi` says of so many: once the window is full it hardly changes."""
        self._recent: deque[tuple[int, float, float | None]] = deque(maxlen=max(WINDOW, 2 * self.least))
        """Label (-1: no known word, no label), share of words unknown, outside probability (None: not known)."""

    def add(self, results: Sequence[Classification]) -> None:
        """Take in some answers."""
        self._recent.extend(
            [
                (labels[0] if labels else -1, (words - known - rare) / words, outside)
                for labels, _, _, (_, words, known, rare, _), _, outside in results
                if words
            ]
        )

    def topics(self) -> Index | None:
        """Of the most probable topics; None below `least` headlines, or where the manifest does not say the mix."""
        labels = np.array([label for label, _, _ in self._recent if label >= 0], dtype=np.int64)
        if self._topics is None or len(labels) < self.least:
            return None
        if self._by_chance[0] != len(labels):
            self._by_chance = (len(labels), expected_psi(len(labels), self._topics))
        by_chance = self._by_chance[1]
        if self._trained_on:  # the mix of training is a sample, too
            by_chance += (len(self._topics) - 1) / self._trained_on
        return Index(psi(np.bincount(labels, minlength=len(self._topics)), self._topics) - by_chance, len(labels))

    def unknown_words(self) -> Index | None:
        """Of unknown against known words; None below LEAST headlines, or where the manifest does not say their share.

        Each headline counts as one observation, its share of unknown words: words of one headline are not independent,
        and one long text in another language must not outweigh a hundred headlines.
        """
        return _index_of_mean([share for _, share, _ in self._recent], self._unknown)

    def outside(self) -> Index | None:
        """Of headlines about none of the topics against all others; None as for unknown words.

        The share is the mean outside probability. Unlike the share of answers that are marked, it does not depend on
        the threshold, which an operator can change.
        """
        return _index_of_mean([outside for _, _, outside in self._recent if outside is not None], self._outside)


def _index_of_mean(shares: Sequence[float], reference: float | None) -> Index | None:
    """The index of the mean of shares; None for fewer than LEAST of them, or without a reference.

    The noise is estimated from how the shares vary (the design effect of cluster samples: Rao and Scott 1981, JASA 76).
    """
    if reference is None or len(shares) < LEAST:
        return None
    values = np.array(shares)
    now, then = float(values.mean()), max(reference, FLOOR)
    by_chance = float(values.var(ddof=1)) / len(values) / (then * (1 - then))
    return Index(psi(np.array([now, 1 - now]), np.array([reference, 1 - reference])) - by_chance, len(values))


def psi(now: NDArray[np.generic], then: NDArray[np.generic]) -> float:
    """Population stability index of two distributions, given as counts or shares of the same bins."""
    shares = [np.maximum(one / max(one.sum(), 1e-12), FLOOR) for one in (now.astype(float), then.astype(float))]
    return float(((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum())


def expected_psi(sample: int, shares: Floats) -> float:
    """Mean `psi` of a sample of so many drawn from the shares themselves.

    About (B - 1) / sample for B shares that are all common. What is rare adds less than that, because of FLOOR:
    its counts are taken to be Poisson, and summed over.
    """
    means = sample * shares
    common = means > _COMMON
    rare = np.maximum(means[~common, None], 1e-12)
    probabilities = np.exp(_COUNTS * np.log(rare) - rare - _LOG_FACTORIALS)
    now, then = np.maximum(_COUNTS / sample, FLOOR), np.maximum(shares[~common, None], FLOOR)
    of_rare = (probabilities * (now - then) * np.log(now / then)).sum()
    return float((1 - shares[common]).sum() / sample + of_rare)
