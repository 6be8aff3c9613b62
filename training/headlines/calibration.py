"""What answers can be trusted for: temperature by likelihood, topic sets by split conformal prediction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from app.classifier.classifier import softmax
from app.classifier.manifest import Calibration, TopicSet
from app.classifier.network import Floats
from training.dataset import Labels


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What a network says to texts that took no part in its training."""

    logits: Floats
    """float32 [n, topics]"""
    ones: NDArray[np.int64]
    """Ones in each text's multi-hot vector."""
    labels: Labels

    def probabilities(self, calibration: Calibration) -> Floats:
        """Calibrated, float32 [n, topics], as the service computes them."""
        return softmax(self.logits, calibration.temperatures(self.ones.astype(np.float32)))


def fit_temperature(held_out: HeldOut) -> Calibration:
    """T = exp(intercept + slope * log(1 + ones)) by the labels' likelihood (Guo et al. 2017, arXiv:1706.04599)."""
    rows, logs = np.arange(len(held_out.labels)), np.log1p(held_out.ones)

    def loss(parameters: NDArray[np.float64]) -> float:
        intercept, slope = parameters
        logits = held_out.logits / np.exp(intercept + slope * logs)[:, None]
        logits -= logits.max(axis=1, keepdims=True)
        return float((np.log(np.exp(logits).sum(axis=1)) - logits[rows, held_out.labels]).mean())

    intercept, slope = minimize(loss, (0.0, 0.0), method="Nelder-Mead").x
    return Calibration(intercept=float(intercept), slope=float(slope))


def fit_topic_set(probabilities: Floats, labels: Labels, coverage: float) -> TopicSet:
    """The probability from which a topic joins the set, so that it holds the label as often as `coverage` says.

    Least ambiguous sets (Sadinle et al. 2019, arXiv:1609.00451): the guarantee is for texts like these, and for the
    network that gave these probabilities.
    """
    own = np.sort(probabilities[np.arange(len(labels)), labels])
    place = int(np.floor((1 - coverage) * (len(labels) + 1) + 1e-9)) - 1  # 0.1 * 20 is 1.9999999 in floats
    return TopicSet(coverage=coverage, threshold=float(np.clip(own[max(place, 0)], 1e-6, 1.0)))
