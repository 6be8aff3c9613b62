"""Calibration of a fitted model on held-out rows: for one label a row, or for several."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.classifier.calibration import sigmoid
from app.classifier.manifest import Calibration, MultiLabel, Outside, TopicSet
from training.evaluation.multi_label import micro_f1
from training.headlines.calibration import HeldOut, fit_outside, fit_temperature, fit_topic_set
from training.headlines.multi_label import LabelCalibration, fit_labels, fit_threshold
from training.headlines.recipe import Recipe

LIKELIHOOD_WEIGHT: Final = 0.5
"""Of the mean log-likelihood beside the accuracy: 0.02 nats count as much as one percentage point."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What is fitted on held-out rows: the first three for one label a row, the last two for several."""

    temperature: Calibration | None = None
    topic_set: TopicSet | None = None
    outside: Outside | None = None
    """None also if there are no rows without a label."""
    labels: LabelCalibration | None = None
    """Goes into the weights of the last layer."""
    multi_label: MultiLabel | None = None


def calibrate(held_out: HeldOut, recipe: Recipe, units: int, members: NDArray[np.bool_] | None) -> Calibrated:
    """Fit the calibration on held-out rows.

    Args:
        held_out: output of models that did not learn from these rows.
        recipe: coverage of the prediction sets, and what the outside class may cost.
        units: of the network; one more than labels if there is an outside class.
        members: bool [n, labels], the labels of each row, if it may have several; None: it has one.
    """
    if members is not None:
        labels = fit_labels(held_out.logits, members)
        threshold = fit_threshold(sigmoid(labels.logits(held_out.logits)), members)
        return Calibrated(labels=labels, multi_label=MultiLabel(thresholds=(threshold,) * held_out.topics))
    inside = held_out.inside
    temperature = fit_temperature([inside])
    topic_set = fit_topic_set(inside.probabilities(temperature), inside.labels, recipe.coverage)
    outside = fit_outside([held_out], temperature, recipe.most_lost) if units > held_out.topics else None
    return Calibrated(temperature, topic_set, outside)


def quality(held_out: HeldOut, members: NDArray[np.bool_] | None) -> float:
    """Score to compare models by, higher is better: accuracy and log-likelihood of the labels, or micro-F1 if several.

    The log-likelihood, after calibration, varies less by chance than the accuracy on a thousand rows; alone, it would
    prefer networks, whose probabilities are better, also where the SVM is right more often (docs/experiments.md).

    Args:
        held_out: as for `calibrate`.
        members: as for `calibrate`.
    """
    if members is None:
        inside = held_out.inside
        probabilities = inside.probabilities(fit_temperature([inside]))
        own = probabilities[np.arange(len(inside.labels)), inside.labels]
        accuracy = (probabilities.argmax(axis=1) == inside.labels).mean()
        return float(accuracy + LIKELIHOOD_WEIGHT * np.log(np.maximum(own, 1e-6)).mean())
    probabilities = sigmoid(fit_labels(held_out.logits, members).logits(held_out.logits))
    return micro_f1(probabilities >= fit_threshold(probabilities, members), members)
