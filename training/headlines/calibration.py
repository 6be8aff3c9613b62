"""Calibration: temperature, outside class and prediction sets, fitted on held-out texts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from app.classifier.calibration import MAX_CONFIDENCE, regression, softmax
from app.classifier.inference.products import Floats
from app.classifier.manifest import Calibration, Outside, TopicSet

MEAN_WEIGHT: Final = 100.0
"""Weight in the loss of the squared difference between mean confidence and accuracy, averaged over the kinds of texts:
one percentage point in each kind adds 0.01 nats."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A network's output for texts that it was not trained on."""

    logits: Floats
    """float32 [n, units]; if there is a column after those of the topics, it is the score of the outside class."""
    labels: NDArray[np.int64]
    """int64 [n]; a label equal to the number of topics means that the text is about none of them."""
    oov_shares: Floats
    """float32 [n], each text's share of words that are out of vocabulary."""
    topics: int
    """Number of topics."""

    @property
    def inside(self) -> "HeldOut":
        """The texts that are about a topic."""
        chosen = self.labels != self.topics
        return replace(self, logits=self.logits[chosen], labels=self.labels[chosen], oov_shares=self.oov_shares[chosen])

    def probabilities(self, calibration: Calibration) -> Floats:
        """Calibrated probabilities, float32 [n, topics], as the service computes them."""
        return softmax(self.logits[:, : self.topics], calibration, self.oov_shares.tolist())


def fit_temperature(parts: Sequence[HeldOut]) -> Calibration:
    """Fit the temperature by maximum likelihood of whether the most probable topic is right.

    Each part, such as titles, has the same weight, however many texts it has. Texts of another time than most of the
    training texts have more words without an id, and a network that reads less of a text is wrong more often.

    Fitted by the likelihood of the label, as in Guo et al. 2017 (arXiv:1706.04599), the confidence on headlines is a
    percentage point too high (docs/experiments/early.md, round 5).

    The form of the temperature does not fit all models and kinds of texts: at the highest likelihood, the mean
    confidence can be several percentage points above the accuracy of one part and below that of another. So their
    difference in each part counts, too.

    Few texts, of which few or none are answered wrongly, would be fitted best by probabilities of 1 and by extreme
    slopes. So targets are smoothed as by Platt 1999: instead of 1 and 0, (n + 1) / (n + 2) for the n right answers and
    1 / (m + 2) for the m wrong ones; and the slopes have a normal prior of mean 0 and deviation 1, which weighs as much
    as one text. Neither matters with a hundred wrong answers.

    Args:
        parts: kinds of texts, all about a topic.
    """
    logits = np.concatenate([part.logits[:, : part.topics] for part in parts]).astype(np.float64)
    shares = np.concatenate([part.oov_shares for part in parts])[:, None]
    sizes = np.array([len(part.labels) for part in parts])
    weights = np.repeat(1 / sizes / len(parts), sizes)
    starts = np.cumsum(sizes) - sizes
    right = np.concatenate([part.logits[:, : part.topics].argmax(axis=1) == part.labels for part in parts])
    target = np.where(right, (right.sum() + 1) / (right.sum() + 2), 1 / ((~right).sum() + 2))
    below = logits - logits.max(axis=1, keepdims=True)
    logs = np.log1p(-below.mean(axis=1, keepdims=True))

    def loss(parameters: Sequence[float]) -> float:
        intercept, gap_slope, unknown_slope = parameters
        # log p and log(1 - p) of the most probable topic, whose logit is 0 here.
        temperatures = np.exp(np.clip(intercept + gap_slope * logs + unknown_slope * shares, -10, 10))
        others = np.exp(below / temperatures).sum(axis=1) - 1
        log_p = -np.log1p(others)
        likelihood = log_p + (1 - target) * np.log(np.maximum(others, 1e-12))
        differences = np.add.reduceat(weights * (np.exp(log_p) - target), starts) * len(parts)
        prior = (gap_slope**2 + unknown_slope**2) / 2 / len(right)
        return float(prior + MEAN_WEIGHT * (differences**2).mean() - (weights * likelihood).sum())

    varies = bool(np.ptp(shares))  # otherwise the last parameter has no effect
    start = (0.0, 0.0, 0.0) if varies else (0.0, 0.0)
    # Not Nelder-Mead: its first steps are relative to the start, which is 0, and so small that it stops anywhere.
    found = [*minimize(lambda parameters: loss([*parameters, 0.0][:3]), start, method="L-BFGS-B").x, 0.0][:3]
    intercept, gap_slope, unknown_slope = np.clip(found, -10, 10).tolist()
    return Calibration(intercept=intercept, gap_slope=gap_slope, unknown_slope=unknown_slope)


def fit_outside(
    headlines: Sequence[HeldOut], calibration: Calibration, most_lost: float, others: Sequence[HeldOut] = ()
) -> Outside:
    """Fit the outside class by logistic regression on its score, the confidence and the out-of-vocabulary share.

    In each part, texts with and without a topic have the same weight, so the probability assumes that one is as
    frequent as the other.

    Args:
        headlines: kinds of headlines, with and without a topic; they set the threshold, and the first kind is that of
            the rates `lost` and `found`.
        calibration: of the topics.
        most_lost: maximum share of the headlines with a topic that may lose a right answer, see `_threshold`.
        others: further kinds of texts, for the regression only.
    """
    parts = [*headlines, *others]
    features = [_outside_features(part, calibration) for part in parts]
    targets = [part.labels == part.topics for part in parts]
    weights = [
        np.where(target, 0.5 / max(target.mean(), 1e-9), 0.5 / max(1 - target.mean(), 1e-9)) for target in targets
    ]
    weights = [weight / len(weight) for weight in weights]
    model = LogisticRegression(C=100.0, max_iter=1_000)  # regularized, or weights of separable data diverge
    scale = sum(map(len, weights)) / len(weights)
    model.fit(np.concatenate(features), np.concatenate(targets), sample_weight=np.concatenate(weights) * scale)
    probabilities = [model.predict_proba(part)[:, 1] for part in features[: len(headlines)]]
    threshold = _threshold(headlines, probabilities, most_lost)
    above, without = probabilities[0] > threshold, targets[0]
    score, confidence, unknown = model.coef_[0].tolist()
    return Outside(
        intercept=float(model.intercept_[0]),
        score=score,
        confidence=confidence,
        unknown=unknown,
        threshold=threshold,
        lost=float(above[~without].mean()),
        found=float(above[without].mean()),
    )


def _threshold(headlines: Sequence[HeldOut], outside: Sequence[NDArray[np.float64]], most_lost: float) -> float:
    """The lowest threshold, from 0.5, at which few headlines with a topic lose a right answer.

    A headline loses a right answer if it is above the threshold and its most probable topic is right. If that topic is
    wrong, an answer of `outside` is no loss.

    Args:
        headlines: kinds of headlines; each has the same weight, however many texts it has.
        outside: float64 [n] for each kind, the probabilities of the outside class.
        most_lost: maximum share of the headlines with a topic that may lose a right answer.
    """
    right = [part.logits[:, : part.topics].argmax(axis=1) == part.labels for part in headlines]
    shares = [
        np.full(found.sum(), 1 / len(headlines) / max(1, len(part.inside.labels)))
        for part, found in zip(headlines, right, strict=True)
    ]
    answered = np.concatenate([part[found] for part, found in zip(outside, right, strict=True)])
    order = np.argsort(-answered)
    lost = np.cumsum(np.concatenate(shares)[order])
    allowed = int(np.searchsorted(lost, most_lost + 1e-9, side="right"))  # 1e-9: rounding errors of the sum
    return max(0.5, float(answered[order[allowed]])) if allowed < len(order) else 0.5


def outside_probabilities(part: HeldOut, calibration: Calibration, outside: Outside) -> list[float]:
    """Probabilities of the outside class, as the service computes them."""
    best = part.probabilities(calibration).max(axis=1).astype(np.float64).round(8).tolist()
    return list(map(regression(outside), part.logits[:, part.topics].tolist(), best, part.oov_shares.tolist()))


def _outside_features(part: HeldOut, calibration: Calibration) -> NDArray[np.float64]:
    """float64 [n, 3]: the inputs of `Outside`'s regression."""
    best = np.minimum(part.probabilities(calibration).max(axis=1).astype(np.float64).round(8), MAX_CONFIDENCE)
    return np.stack([part.logits[:, part.topics], np.log(best / (1 - best)), part.oov_shares], axis=1)


def fit_topic_set(probabilities: Floats, labels: NDArray[np.int64], coverage: float) -> TopicSet:
    """Find the probability threshold at which prediction sets contain the label with the given coverage.

    Least ambiguous sets (Sadinle et al. 2019, arXiv:1609.00451). The coverage is guaranteed for texts from the same
    distribution and for the network that gave these probabilities.

    Args:
        probabilities: float32 [n, topics], of held-out texts.
        labels: int64 [n].
        coverage: share of texts whose label should be in the set, between 0 and 1.
    """
    own = np.sort(probabilities[np.arange(len(labels)), labels])
    rank = int(np.floor((1 - coverage) * (len(labels) + 1) + 1e-9)) - 1  # 1e-9, because 1 - 0.9 is less than 0.1
    threshold = own[rank] if rank >= 0 else 0.0  # too few texts: only sets of all topics guarantee the coverage
    # With the digits of the probabilities that are compared with it; otherwise the text that sets it could be below it.
    return TopicSet(coverage=coverage, threshold=round(float(np.clip(threshold, 1e-6, 1.0)), 8))
