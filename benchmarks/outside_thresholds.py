"""How many present-day headlines other thresholds of the outside class would mark."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

THRESHOLDS: Final = (0.5, 0.6, 0.7, 0.8, 0.9)
NONE: Final = "none"
"""The code of a headline about none of the topics."""


@dataclass(frozen=True, slots=True)
class Marked:
    """Shares of the headlines at one threshold."""

    threshold: float
    lost: float
    """Of those about one of the topics, marked outside."""
    found: float
    """Of those about none of the topics, marked outside."""
    right_over_all: float
    """Of all: marked where `none` is acceptable, or answered with an acceptable topic where not."""


def by_threshold(
    outside: Sequence[float], codes: Sequence[Sequence[str]], named: Sequence[bool], thresholds: Sequence[float]
) -> list[Marked]:
    """Figures at each threshold.

    Args:
        outside: probability of the outside class of each headline, 1 for one without an answer.
        codes: what is acceptable for each headline, topics or `none`; some headlines must be `none` alone, and some
            must have topics alone.
        named: whether the most probable topic of each headline is acceptable.
        thresholds: headlines with a higher probability are marked.
    """
    acceptable = np.array([NONE in one for one in codes])
    alone = np.array([set(one) == {NONE} for one in codes])
    rows = []
    for threshold in thresholds:
        marked = np.array(outside) > threshold
        right = np.where(marked, acceptable, named)
        shares = (float(part.mean().round(4)) for part in (marked[~acceptable], marked[alone], right))
        rows.append(Marked(threshold, *shares))
    return rows
