"""Sentences on how far the figures of a test set may differ by chance."""

from collections.abc import Mapping
from typing import Any, Final

from scipy.stats import binomtest, fisher_exact

ALL_RIGHT: Final = "share of rows with all labels right"
"""What is measured instead of accuracy if a text may have several labels."""
COVERAGE: Final = "coverage of the prediction sets"
_CONFIDENCE: Final = 0.95


def interval(share: float, rows: int) -> str:
    """The 95% confidence interval (Wilson 1927) of a share, 0 to 1, of so many rows, such as `54% and 79%`."""
    low, high = binomtest(round(share * rows), rows).proportion_ci(_CONFIDENCE, "wilson")
    digits = 0 if high - low > 0.02 else 1
    return f"{low:.{digits}%} and {high:.{digits}%}"


def interval_sentence(share: float, rows: int, measure: str = "accuracy") -> str:
    """The 95% confidence interval of the accuracy or another share, which shows whether the test rows are enough.

    Macro-F1 has none: if some labels have few rows, intervals of the bootstrap contain it too rarely.
    """
    return (
        f"With {_CONFIDENCE:.0%} confidence, the {measure} on other texts like the test rows is between"
        f" {interval(share, rows)}."
    )


def calibration_sentence(by_chance: float) -> str:
    """What to compare a calibration error with: chance alone raises it, and more so if there are few rows."""
    return f"With this many rows, even exact probabilities would have a calibration error of about {by_chance:.3f}."


def outside_sentence(outside: Mapping[str, Any]) -> str:
    """A warning if the two shares may differ by chance: too few test rows, or an outside class that learned nothing.

    Args:
        outside: `found` and `lost`, the marked shares of `without` rows about none of the labels and of `with_topic`
            rows with a label.
    """
    marked = [round(outside["found"] * outside["without"]), round(outside["lost"] * outside["with_topic"])]
    others = [outside["without"] - marked[0], outside["with_topic"] - marked[1]]
    if fisher_exact([marked, others], alternative="greater").pvalue <= 1 - _CONFIDENCE:
        return ""
    return (
        "The difference between these two shares may be due to chance, so do not rely on the outside class; add more"
        " rows about none of the labels, also to the test rows."
    )
