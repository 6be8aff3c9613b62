"""Golden headlines: how far a runtime's answers may be from those recorded in training."""

from collections.abc import Sequence

import numpy as np

from app.classifier.bundle import Bundle
from app.classifier.calibration import Calibrator
from app.classifier.errors import BundleError
from app.classifier.inference.products import Doubles, Floats

GOLDEN_TOLERANCE = 1e-5
"""Largest accepted difference of a probability, without what LOGIT_TOLERANCE adds."""

OUTSIDE_TOLERANCE = 1e-4
"""The same for the outside class, whose weights multiply the differences of its inputs."""

LOGIT_TOLERANCE = 32 * float(np.finfo(np.float32).eps)
"""Largest accepted difference of logits, as a share of the golden headlines' largest logit. Keras and other processors
add in another order; up to 11 times the precision of float32 was measured."""

_MAX_EXPONENT = 50.0
"""Largest exponent in a tolerance: it already allows any probability, and exp of a much larger one overflows."""


def verify_answers(bundle: Bundle, calibrator: Calibrator, logits: Floats, shares: Sequence[float]) -> None:
    """Compare a network's answers for the golden headlines with the recorded ones.

    A low temperature magnifies the rounding of logits: 0.01 a hundredfold. So the tolerance is GOLDEN_TOLERANCE, or
    OUTSIDE_TOLERANCE for the outside class, plus what a difference of the logits by LOGIT_TOLERANCE can change.

    Args:
        bundle: has the n golden headlines.
        calibrator: of the bundle.
        logits: of the golden headlines, float32 [n, units].
        shares: their `Encoded.oov_share`.

    Raises:
        BundleError: an answer differs by more than the tolerance, or is not a number.
    """
    if not np.isfinite(logits).all():
        raise _different(bundle, np.nan, GOLDEN_TOLERANCE)
    topics, outside = calibrator.topics_and_outside(logits, shares)
    # If a logit and the others differ by d in opposite directions, p changes by at most p (1 - p) (exp(2 d) - 1).
    difference = LOGIT_TOLERANCE * float(np.abs(logits).max())
    scaled = np.minimum(2 * difference / calibrator.temperatures(logits, shares), _MAX_EXPONENT)
    recorded = np.array([headline.probabilities for headline in bundle.golden])
    _raise_if_different(bundle, topics, recorded, GOLDEN_TOLERANCE, scaled[:, None])
    if (spec := bundle.manifest.outside) is not None and outside is not None:
        log_odds = np.minimum(abs(spec.score) * difference + abs(spec.confidence) * scaled, _MAX_EXPONENT)
        recorded = np.array([headline.outside for headline in bundle.golden], np.float64)  # NaN for None
        known = ~np.isnan(recorded)
        _raise_if_different(bundle, np.array(outside)[known], recorded[known], OUTSIDE_TOLERANCE, log_odds[known])


def _raise_if_different(
    bundle: Bundle, computed: Floats | Doubles, recorded: Doubles, tolerance: float, exponents: Doubles
) -> None:
    tolerances = tolerance + np.expm1(exponents) * computed * (1 - computed)
    differences = np.abs(computed - recorded)
    worst = (differences - tolerances).argmax()  # the first NaN if there is one
    if not differences.flat[worst] <= tolerances.flat[worst]:
        raise _different(bundle, float(differences.flat[worst]), float(tolerances.flat[worst]))


def _different(bundle: Bundle, difference: float, tolerance: float) -> BundleError:
    return BundleError(
        f"{bundle.path}: probabilities of golden headlines differ by {difference:.2g} from those recorded in training"
        f" (tolerance {tolerance:.2g}); train the bundle again."
    )
