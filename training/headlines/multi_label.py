"""Multi-label: calibration of each label, and one threshold for all, fitted on held-out texts."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.classifier.calibration import sigmoid
from app.classifier.inference.products import Floats
from app.classifier.networks.dense_network import Dense
from training.evaluation.multi_label import micro_f1

MAX_STEPS: Final = 50
"""Maximum number of Newton steps; ten are enough for most labels."""
MIN_SLOPE, MAX_SLOPE = 0.1, 10.0
PRIOR_TEXTS: Final = 10.0
"""Number of texts that the prior of each label's slope and intercept weighs as much as."""
MIN_THRESHOLD: Final = 0.05
THRESHOLDS: Final = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)
"""Thresholds that are tried besides half of the F1."""
CLEARLY: Final = 0.2
"""How much higher an F1 must be than another, as a multiple of 1 / sqrt(number of labels that texts have)."""


@dataclass(frozen=True, slots=True)
class LabelCalibration:
    """Platt scaling of each label: the probability is the sigmoid of slope times logit plus intercept."""

    slopes: Floats
    """float32 [topics]"""
    intercepts: Floats
    """float32 [topics]"""

    def logits(self, logits: Floats) -> Floats:
        """Calibrated logits, float32 [n, topics], of logits of the same shape."""
        scaled: Floats = logits * self.slopes + self.intercepts
        return scaled

    def into(self, layers: tuple[Dense, ...]) -> tuple[Dense, ...]:
        """The layers with the calibration in the weights of the last one, so that serving needs nothing more."""
        *first, last = layers
        return (*first, replace(last, kernel=last.kernel * self.slopes, bias=self.logits(last.bias)))


def fit_labels(logits: Floats, members: NDArray[np.bool_]) -> LabelCalibration:
    """Fit by maximum likelihood, for each label with a normal prior around the common values for all labels.

    The prior has a deviation of 1 and weighs as much as PRIOR_TEXTS, so labels with few texts stay near the others.

    Args:
        logits: float32 [n, topics], of held-out texts.
        members: bool [n, topics], whether each text has each label.
    """
    count = logits.shape[1]
    common = _newton(logits.reshape(-1, 1), members.reshape(-1, 1), np.array([[1.0], [0.0]]), 1e-6)
    slopes, intercepts = _newton(logits, members, np.repeat(common, count, axis=1), PRIOR_TEXTS)
    return LabelCalibration(slopes.astype(np.float32), intercepts.astype(np.float32))


def fit_threshold(probabilities: Floats, members: NDArray[np.bool_]) -> float:
    """The threshold of all labels with which the micro-averaged F1 is highest.

    If the probabilities are right, it is half of that F1 (Lipton et al. 2014, arXiv:1402.1892). They are not if texts
    lack some of their labels, which no Platt scaling fits; then one of THRESHOLDS has a clearly higher F1, and is used.
    A threshold for each label, chosen on held-out texts, is better on these texts and worse on others
    (docs/experiments.md).

    Args:
        probabilities: float32 [n, topics], calibrated, of held-out texts.
        members: bool [n, topics].
    """

    def reached(threshold: float) -> float:
        return micro_f1(probabilities >= threshold, members)

    half = 0.5
    for _ in range(MAX_STEPS):
        half = max(reached(half) / 2, MIN_THRESHOLD)
    best = max(THRESHOLDS, key=reached)
    clear = CLEARLY / np.sqrt(members.sum() + 1)
    return best if reached(best) > reached(half) + clear else round(half, 6)


def _newton(
    logits: Floats, members: NDArray[np.bool_], prior: NDArray[np.float64], weight: float
) -> NDArray[np.float64]:
    """Slopes and intercepts, float64 [2, columns], of logistic regressions of each column with a normal prior."""
    fitted = prior.copy()
    for _ in range(MAX_STEPS):
        p = sigmoid(logits * fitted[0] + fitted[1]).astype(np.float64)
        errors, weights = p - members, p * (1 - p)
        gradient = np.stack([(errors * logits).sum(axis=0), errors.sum(axis=0)]) + weight * (fitted - prior)
        a, b, c = (
            (weights * logits**2).sum(axis=0) + weight,
            (weights * logits).sum(axis=0),
            weights.sum(axis=0) + weight,
        )
        step = np.stack([c * gradient[0] - b * gradient[1], a * gradient[1] - b * gradient[0]]) / (a * c - b * b)
        fitted -= np.clip(step, -1, 1)
        fitted[0] = np.clip(fitted[0], MIN_SLOPE, MAX_SLOPE)
        if np.abs(step).max() < 1e-4:
            break
    return fitted
