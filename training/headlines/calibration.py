"""Share and temperature by likelihood, topic sets by split conformal prediction: what answers can be trusted for."""

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
    """Scores of texts that took no part in training."""

    linear: Floats
    """Linear scores, float32 [n, topics]."""
    networks: Floats
    """Mean of the networks' logits, float32 [n, topics]."""
    ones: NDArray[np.int64]
    """Ones in each text's multi-hot vector."""
    labels: Labels


def fit_temperature(held_out: HeldOut) -> tuple[float, Calibration]:
    """The linear machine's share in the logits, and T = exp(a + b log(1 + ones)), by the labels' likelihood.

    Temperature scaling: Guo et al. 2017, arXiv:1706.04599.
    """
    rows, logs = np.arange(len(held_out.labels)), np.log1p(held_out.ones)

    def loss(parameters: NDArray[np.float64]) -> float:
        log_share, intercept, slope = parameters
        temperature = np.exp(intercept + slope * logs)[:, None]
        logits = (np.exp(log_share) * held_out.linear + held_out.networks) / temperature
        logits -= logits.max(axis=1, keepdims=True)
        return float((np.log(np.exp(logits).sum(axis=1)) - logits[rows, held_out.labels]).mean())

    start = np.log(np.std(held_out.networks) + 1e-3) - np.log(np.std(held_out.linear) + 1e-3)
    log_share, intercept, slope = minimize(loss, (start, 0.3, 0.0), method="Nelder-Mead", options={"maxiter": 600}).x
    return float(np.exp(log_share)), Calibration(intercept=float(intercept), slope=float(slope))


def fit_topic_set(probabilities: Floats, labels: Labels, coverage: float) -> TopicSet:
    """The probability from which a topic joins the set, so that it holds the label as often as `coverage` says.

    Least ambiguous sets (Sadinle et al. 2019, arXiv:1609.00451): the guarantee is for texts like these, and for the
    network that gave these probabilities.
    """
    own = np.sort(probabilities[np.arange(len(labels)), labels])
    place = int(np.floor((1 - coverage) * (len(labels) + 1))) - 1
    return TopicSet(coverage=coverage, threshold=float(np.clip(own[max(place, 0)], 1e-6, 1.0)))


def probabilities_of(held_out: HeldOut, share: float, calibration: Calibration) -> Floats:
    """Calibrated probabilities, float32 [n, topics], as the service computes them."""
    return softmax(share * held_out.linear + held_out.networks, calibration, held_out.ones.tolist())
