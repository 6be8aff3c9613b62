"""Several labels for a text: calibration and a threshold for each label, fitted on held-out texts."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.classifier.calibration import sigmoid
from app.classifier.network import Dense, Floats
from training.evaluation.multi_label import micro_f1

STEPS: Final = 50
"""Newton steps; ten are enough for most labels."""
LEAST_SLOPE, MOST_SLOPE = 0.1, 10.0


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

    The prior has a deviation of 1 and weighs as much as one text, so labels with few texts stay near the others.

    Args:
        logits: float32 [n, topics], of held-out texts.
        members: bool [n, topics], whether each text has each label.
    """
    count = logits.shape[1]
    common = _newton(logits.reshape(-1, 1), members.reshape(-1, 1), np.array([[1.0], [0.0]]), 1e-6)
    slopes, intercepts = _newton(logits, members, np.repeat(common, count, axis=1), 1.0)
    return LabelCalibration(slopes.astype(np.float32), intercepts.astype(np.float32))


def fit_thresholds(probabilities: Floats, members: NDArray[np.bool_]) -> tuple[float, ...]:
    """The threshold of each label with which the micro-averaged F1 is highest.

    With the highest F1 known, each label can be chosen alone (Dinkelbach 1967): a text that has the label adds
    2 - F1 to what is to be maximised, one that lacks it takes F1 away. So the start is half of F1, which is the best
    threshold for all labels if their probabilities are right. A label takes another one if that is better by more than
    chance would make it: by as much as one text.

    Args:
        probabilities: float32 [n, topics], calibrated, of held-out texts.
        members: bool [n, topics].
    """
    best = 0.5
    thresholds = np.full(members.shape[1], 0.5)
    for _ in range(5):
        thresholds = np.array([_threshold(*pair, best) for pair in zip(probabilities.T, members.T, strict=True)])
        best = micro_f1(probabilities >= thresholds, members)
    return tuple(thresholds.round(6).tolist())


def _threshold(probabilities: Floats, has: NDArray[np.bool_], best: float) -> float:
    start = min(max(best / 2, 0.05), 0.95)
    order = np.argsort(-probabilities, kind="stable")
    ordered = probabilities[order].astype(np.float64)
    gains = np.concatenate([[0.0], np.cumsum(2.0 * has[order] - best)])
    place = int(gains.argmax())
    now = int((ordered >= start).sum())
    if gains[place] <= gains[now] + 1:
        return start
    above = ordered[place - 1] if place else 1.0
    below = ordered[place] if place < len(ordered) else 0.0
    return float(np.clip((above + below) / 2, 1e-6, 1.0))


def _newton(
    logits: Floats, members: NDArray[np.bool_], prior: NDArray[np.float64], weight: float
) -> NDArray[np.float64]:
    """Slopes and intercepts, float64 [2, columns], of logistic regressions of each column with a normal prior."""
    found = prior.copy()
    for _ in range(STEPS):
        p = sigmoid(logits * found[0] + found[1]).astype(np.float64)
        errors, weights = p - members, p * (1 - p)
        gradient = np.stack([(errors * logits).sum(axis=0), errors.sum(axis=0)]) + weight * (found - prior)
        a, b, c = (
            (weights * logits**2).sum(axis=0) + weight,
            (weights * logits).sum(axis=0),
            weights.sum(axis=0) + weight,
        )
        step = np.stack([c * gradient[0] - b * gradient[1], a * gradient[1] - b * gradient[0]]) / (a * c - b * b)
        found -= np.clip(step, -1, 1)
        found[0] = np.clip(found[0], LEAST_SLOPE, MOST_SLOPE)
        if np.abs(step).max() < 1e-4:
            break
    return found
