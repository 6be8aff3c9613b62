"""Calibrator: turns the network's logits into the probabilities of the topics and of the outside class."""

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from app.classifier.encoding import Encoded
from app.classifier.inference.products import Doubles, Floats
from app.classifier.manifest import Calibration, Manifest, Outside

MAX_CONFIDENCE = 0.999
"""Cap of the best topic's probability p in the outside class's log-odds: nearer to 1, float32 leaves too few digits of
1 - p."""


class Calibrator:
    """The calibration and the outside class of a manifest."""

    def __init__(self, manifest: Manifest) -> None:
        self._calibration = manifest.calibration
        self._multi_label = manifest.multi_label is not None
        self._scale = math.exp(manifest.calibration.intercept) if manifest.calibration else 1.0
        self._needs_shares = manifest.calibration is not None and manifest.calibration.unknown_slope != 0
        self.outside_of = regression(manifest.outside) if manifest.outside else None
        """Probability of the outside class for one text (see `regression`); None without that class."""

    def topics(self, units: Floats, shares: Sequence[float]) -> Floats:
        """Calibrated probabilities, float32 [n, topics]; each row sums to 1 unless a text may have several labels.

        Args:
            units: the network's logits, float32 [n, topics], or [n, topics + 1] with an outside class.
            shares: `Encoded.oov_share` of the n texts.
        """
        if self._multi_label:
            return sigmoid(units)
        logits = units if self.outside_of is None else units[:, :-1]
        return softmax(logits, self._calibration, shares if self._needs_shares and any(shares) else None)

    def topics_of_one(self, units: Floats, share: float) -> Floats:
        """What `topics` returns for one text, float32 [topics], of its logits in one dimension; with the same bits."""
        if self._multi_label:
            return sigmoid(units)
        logits = units if self.outside_of is None else units[:-1]
        scaled: Floats = logits - np.maximum.reduce(logits)
        calibration = self._calibration
        if calibration is not None:
            temperature = self._scale * (1 - np.add.reduce(scaled).item() / len(scaled)) ** calibration.gap_slope
            if share and self._needs_shares:
                temperature *= math.exp(calibration.unknown_slope * share)
            scaled /= temperature
        np.exp(scaled, out=scaled)
        scaled /= np.add.reduce(scaled)
        return scaled

    def topics_and_outside(self, units: Floats, shares: Sequence[float]) -> tuple[Floats, list[float] | None]:
        """What `topics` returns, and the probability of the outside class for each text, or None without that class."""
        probabilities = self.topics(units, shares)
        if self.outside_of is None:
            return probabilities, None
        best = probabilities.max(axis=1).astype(np.float64).round(8).tolist()
        return probabilities, list(map(self.outside_of, units[:, -1].tolist(), best, shares))

    def temperatures(self, units: Floats, shares: Sequence[float]) -> Doubles:
        """The temperature of each text, float64 [n]; 1 without a calibration. Parameters as of `topics`."""
        if self._calibration is None:
            return np.ones(len(units))
        logits = units if self.outside_of is None else units[:, :-1]
        gaps = logits.max(axis=1) - logits.mean(axis=1)
        return np.array(temperatures(self._calibration, gaps.tolist(), shares))


def oov_shares(encoded: Sequence[Encoded]) -> list[float]:
    """`Encoded.oov_share` of each text, in half the time of the property."""
    return [(words - known) / (words or 1) for _, words, known, _, _, _ in encoded]


def rounded(probabilities: Floats) -> list[list[float]]:
    """The probabilities, float32 [n, m], with the eight digits that float32 can hold; as doubles they would have 17."""
    doubles: list[list[float]] = probabilities.astype(np.float64).round(8).tolist()
    return doubles


def rounded_numbers(numbers: Sequence[float]) -> list[float]:
    """The same for a few numbers from 0 to 1, with the same bits as NumPy's `round`, whose overhead is larger."""
    return [(number * 1e8 + 2.0**52 - 2.0**52) / 1e8 for number in numbers]


def sigmoid(logits: Floats) -> Floats:
    """The independent probability of each label, float32 [n, topics], of logits of the same shape."""
    odds = np.exp(-np.clip(logits, -80, 80))  # beyond, it overflows
    odds += 1
    return np.reciprocal(odds, out=odds)


def softmax(logits: Floats, calibration: Calibration | None = None, shares: Sequence[float] | None = None) -> Floats:
    """Softmax of logits float32 [n, topics], each row divided by its calibration temperature if there is one.

    `shares`: each text's share of words out of vocabulary, for a calibration with an `unknown_slope`; None if all of
    them are 0.
    """
    scaled = logits - np.maximum.reduce(logits, axis=1, keepdims=True)
    if calibration is not None:
        topics = scaled.shape[1]
        gaps = [-total / topics for total in np.add.reduce(scaled, axis=1).tolist()]
        scaled /= np.array(temperatures(calibration, gaps, shares), np.float32)[:, None]
    np.exp(scaled, out=scaled)
    scaled /= np.add.reduce(scaled, axis=1, keepdims=True)
    return scaled


def temperatures(calibration: Calibration, gaps: Iterable[float], shares: Iterable[float] | None = None) -> list[float]:
    """Temperatures of texts with these gaps and out-of-vocabulary shares; `shares`: None if all of them are 0.

    Scalar code, for the reasons given at `regression`.
    """
    scale, slope, unknown_slope = math.exp(calibration.intercept), calibration.gap_slope, calibration.unknown_slope
    scales = [scale * (1 + gap) ** slope for gap in gaps]
    if not unknown_slope or shares is None:
        return scales
    # By exactly 1 where all words have an id.
    return [scaled * math.exp(unknown_slope * share) for scaled, share in zip(scales, shares, strict=True)]


def regression(outside: Outside) -> Callable[[float, float, float], float]:
    """Function of s, p and u of one text (see `Outside`), which returns its probability, rounded to eight digits.

    Scalar code: for one text it takes a tenth of the time of NumPy calls, and a batch must get the same bits.
    The weights are halved because sigmoid(x) = (1 + tanh(x / 2)) / 2, which cannot overflow.
    """
    log, tanh, cap = math.log, math.tanh, MAX_CONFIDENCE
    weights = (outside.intercept, outside.score, outside.confidence, outside.unknown)
    intercept, score, confidence, unknown = (weight / 2 for weight in weights)
    shift = 0.5e8 + 2.0**52

    def probability(s: float, p: float, u: float) -> float:
        if p > cap:  # noqa: PLR1730 - min() takes ten times as long
            p = cap
        half = intercept + score * s + confidence * log(p / (1 - p)) + unknown * u
        # Added to 2 ** 52, a float has no digits after the point: a tenth of the time of round().
        return (0.5e8 * tanh(half) + shift - 2.0**52) / 1e8

    return probability
