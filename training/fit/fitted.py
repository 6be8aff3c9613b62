"""A fitted model: weights, calibration, and its answers to the held-out rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.classifier.calibration import sigmoid
from app.classifier.inference.products import Floats
from training.evaluation.multi_label import micro_f1
from training.evaluation.predictions import as_answered
from training.fit.calibrate import Calibrated
from training.headlines.calibration import HeldOut
from training.headlines.clusters.cluster_list import Clusters
from training.headlines.recipe import Recipe
from training.headlines.samples import Sample, members_of
from training.headlines.train import TrainedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A model of labelled rows with its calibration."""

    recipe: Recipe
    seed: int
    model: TrainedModel
    held_out: HeldOut
    """Output for rows that took no part in training, of models trained without them."""
    held_out_rows: tuple[Sample, ...]
    """The same rows."""
    calibrated: Calibrated
    """`model` and `held_out` already have its `labels`."""
    with_networks: bool
    """Whether the networks count, or the SVM alone."""
    clusters: Clusters
    """Those of the word index; empty if it has none."""

    @property
    def held_out_probabilities(self) -> Floats:
        """Calibrated probabilities of the held-out rows, float32 [n, topics]."""
        part, temperature = self.held_out, self.calibrated.temperature
        return sigmoid(part.logits) if temperature is None else part.probabilities(temperature)

    @property
    def held_out_right(self) -> NDArray[np.bool_]:
        """Whether the answer to each held-out row is right, with all labels if it may have several: bool [n]."""
        probabilities, part, multi_label = self.held_out_probabilities, self.held_out, self.calibrated.multi_label
        if multi_label is None:
            right: NDArray[np.bool_] = probabilities.argmax(axis=1) == part.labels
        else:
            members = members_of(self.held_out_rows, part.topics)
            right = ((as_answered(probabilities) >= multi_label.thresholds) == members).all(axis=1)
        return right

    @property
    def held_out_figures(self) -> dict[str, float]:
        """Figure -> number for the held-out rows: `accuracy` of those with a label, `micro_f1` of rows with several."""
        multi_label, labels = self.calibrated.multi_label, self.held_out.labels
        if multi_label is None:
            right = self.held_out_right[labels < self.held_out.topics]
            return {"texts": len(right), "accuracy": float(right.mean())}
        members = members_of(self.held_out_rows, self.held_out.topics)
        given = as_answered(self.held_out_probabilities) >= multi_label.thresholds
        return {"texts": len(labels), "micro_f1": micro_f1(given, members)}
