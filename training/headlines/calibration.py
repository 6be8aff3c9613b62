"""Calibration: temperature scaling fitted by likelihood, prediction sets by split conformal prediction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from app.classifier.classifier import softmax
from app.classifier.manifest import Calibration, TopicSet
from app.classifier.network import Floats
from training.data.dataset import Labels


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A network's output for texts that it was not trained on."""

    logits: Floats
    """float32 [n, topics]"""
    labels: Labels
    """int64 [n]"""

    def probabilities(self, calibration: Calibration) -> Floats:
        """Calibrated probabilities, float32 [n, topics], as the service computes them."""
        return softmax(self.logits, calibration)


def fit_temperature(held_out: HeldOut) -> Calibration:
    """Fit the temperature by maximum likelihood of whether the most probable topic is right.

    Fitted by the likelihood of the label, as in Guo et al. 2017 (arXiv:1706.04599), the confidence on headlines is a
    percentage point too high (docs/experiments.md, round 5).
    """
    best = held_out.logits.max(axis=1, keepdims=True)
    below = held_out.logits - best
    logs = np.log1p(-below.mean(axis=1, keepdims=True))
    right = held_out.logits.argmax(axis=1) == held_out.labels

    def loss(parameters: NDArray[np.float64]) -> float:
        intercept, gap_slope = parameters
        # log p and log(1 - p) of the most probable topic, whose logit is 0 here.
        others = np.exp(below / np.exp(intercept + gap_slope * logs)).sum(axis=1) - 1
        log_p = -np.log1p(others)
        return float(-np.where(right, log_p, log_p + np.log(np.maximum(others, 1e-12))).mean())

    intercept, gap_slope = minimize(loss, (0.0, 0.0), method="Nelder-Mead").x
    return Calibration(intercept=float(intercept), gap_slope=float(gap_slope))


def fit_topic_set(probabilities: Floats, labels: Labels, coverage: float) -> TopicSet:
    """Find the probability threshold at which prediction sets contain the label with the given coverage.

    Least ambiguous sets (Sadinle et al. 2019, arXiv:1609.00451). The coverage is guaranteed for texts from the same
    distribution and for the network that gave these probabilities.

    Args:
        probabilities: float32 [n, topics], of held-out texts.
        labels: int64 [n].
        coverage: share of texts whose label shall be in the set, between 0 and 1.
    """
    own = np.sort(probabilities[np.arange(len(labels)), labels])
    place = int(np.floor((1 - coverage) * (len(labels) + 1) + 1e-9)) - 1  # 0.1 * 20 is 1.9999999 in floats
    return TopicSet(coverage=coverage, threshold=float(np.clip(own[max(place, 0)], 1e-6, 1.0)))
