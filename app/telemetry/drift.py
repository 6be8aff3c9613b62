"""Data drift: population stability indices (PSI) of recent headlines against the training data."""

import math
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.classifier import Classification
from app.classifier.manifest import Manifest

WINDOW = 1_000
"""Number of most recent headlines that are compared; more for models of more than 500 topics."""

MIN_HEADLINES = 100
"""Minimum number of headlines for an index; higher for models with many topics."""

FLOOR = 1e-3
"""Minimum share, so that a topic without a recent headline, or without a training text, keeps the index finite."""

_COMMON = 30.0
"""Expected number of headlines above which `expected_psi` takes a topic as common."""
_COUNTS = np.arange(100.0)  # upper limit of a Poisson variable of mean 30
_LOG_FACTORIALS = np.cumsum(np.log(np.maximum(_COUNTS, 1)))


class Index(NamedTuple):
    """A drift index and the number of headlines from which it was computed."""

    psi: float
    """Population stability index minus its expected value without drift; so around 0, also negative, without drift."""
    headlines: int


class Drift:
    """The last headlines of one process, compared with the manifest's `reference`.

    PSI = sum((now - then) * ln(now / then)) over the shares of a distribution: below 0.1 means no significant shift,
    above 0.25 a significant one (Siddiqi 2006, Credit Risk Scorecards). Sampling noise increases it: without drift,
    n * PSI is approximately chi-squared with B - 1 degrees of freedom for B shares (Yurdakul and Naranjo 2020, Journal
    of Risk Model Validation 14(4)), with mean (B - 1) / n and standard deviation sqrt(2 (B - 1)) / n. The mean is
    subtracted. There is an index once 0.25 is 7.5 standard deviations, because with rare topics the tail is longer than
    that of a normal distribution.
    """

    def __init__(self, manifest: Manifest) -> None:
        mix = manifest.reference.get("topic_mix", {})
        topics = np.array([mix.get(topic.code, 0.0) for topic in manifest.topics])
        self._topics = topics / topics.sum() if topics.sum() > 0 else None
        self._trained_on = sum(topic.support for topic in manifest.topics)
        unknown = float(manifest.reference.get("unknown_word_ratio", 0.0))
        # A share of 0 was measured on the training texts of the word index, and does not apply to new headlines.
        self._unknown = unknown if 0 < unknown < 1 else None
        outside = float(manifest.reference.get("outside_ratio", 0.0))
        self._multi_label = manifest.multi_label is not None
        self._outside = outside if manifest.outside is not None and 0 < outside < 1 else None
        self.min_labels = max(MIN_HEADLINES, math.ceil(30 * math.sqrt(2 * (len(topics) - 1))))
        self._by_chance = (0, 0.0)
        """Number of headlines and their `expected_psi`, cached: it changes little once the window is full."""
        self._recent: deque[tuple[list[int], float, float | None]] = deque(maxlen=max(WINDOW, 2 * self.min_labels))
        """Labels that the model gives, share of unknown words, and outside probability (None: not known)."""

    def add(self, results: Sequence[Classification]) -> None:
        """Add answers to the window."""
        several = self._multi_label
        self._recent.extend(
            [
                (result.topic_set if several else result.labels[:1], result.encoded.unknown_share, result.outside)
                for result in results
                if result.encoded.words
            ]
        )

    def topics(self) -> Index | None:
        """Index of the labels given; None below `min_labels` of them, or if the manifest has no topic mix.

        A text that may have several labels counts with each that it has: `headlines` is then the number of labels.
        """
        labels = np.array([label for labels, _, _ in self._recent for label in labels], dtype=np.int64)
        if self._topics is None or len(labels) < self.min_labels:
            return None
        if self._by_chance[0] != len(labels):
            self._by_chance = (len(labels), expected_psi(len(labels), self._topics))
        by_chance = self._by_chance[1]
        if self._trained_on:  # the topic mix of training is a sample too
            by_chance += (len(self._topics) - 1) / self._trained_on
        return Index(psi(np.bincount(labels, minlength=len(self._topics)), self._topics) - by_chance, len(labels))

    def unknown_words(self) -> Index | None:
        """Index of the share of unknown words; None below MIN_HEADLINES, or if the manifest does not have that share.

        Each headline counts as one observation, its share of unknown words: words of one headline are not independent,
        and one long text in another language must not outweigh a hundred headlines.
        """
        return _index_of_mean([share for _, share, _ in self._recent], self._unknown)

    def outside(self) -> Index | None:
        """Index of the share of headlines about none of the topics; None as for unknown words.

        The share is the mean outside probability. Unlike the share of answers that are marked, it does not depend on
        the threshold, which an operator can change.
        """
        return _index_of_mean([outside for _, _, outside in self._recent if outside is not None], self._outside)


def _index_of_mean(shares: Sequence[float], reference: float | None) -> Index | None:
    """The index of the mean of shares; None for fewer than MIN_HEADLINES of them, or without a reference.

    The noise is estimated from how the shares vary (the design effect of cluster samples: Rao and Scott 1981, JASA 76).
    """
    if reference is None or len(shares) < MIN_HEADLINES:
        return None
    values = np.array(shares)
    now, then = float(values.mean()), max(reference, FLOOR)
    by_chance = float(values.var(ddof=1)) / len(values) / (then * (1 - then))
    return Index(psi(np.array([now, 1 - now]), np.array([reference, 1 - reference])) - by_chance, len(values))


def psi(now: NDArray[np.generic], then: NDArray[np.generic]) -> float:
    """Population stability index of two distributions, given as counts or shares of the same bins."""
    shares = [
        np.maximum(counts / max(counts.sum(), 1e-12), FLOOR) for counts in (now.astype(float), then.astype(float))
    ]
    return float(((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum())


def expected_psi(sample: int, shares: NDArray[np.float64]) -> float:
    """Expected `psi` between the shares and a sample of this size drawn from them.

    About (B - 1) / sample for B shares that are all common. Rare shares add less, because of FLOOR; for these the
    expectation is summed over Poisson-distributed counts.
    """
    means = sample * shares
    common = means > _COMMON
    rare = np.maximum(means[~common, None], 1e-12)
    probabilities = np.exp(_COUNTS * np.log(rare) - rare - _LOG_FACTORIALS)
    now, then = np.maximum(_COUNTS / sample, FLOOR), np.maximum(shares[~common, None], FLOOR)
    of_rare = (probabilities * (now - then) * np.log(now / then)).sum()
    return float((1 - shares[common]).sum() / sample + of_rare)
