"""Rates of the outside class on headlines whose acceptable topics are known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

NONE: Final = "none"
"""The code of a headline about none of the topics."""


@dataclass(frozen=True, slots=True)
class OutsideRates:
    """Shares of the headlines; None: there are no such headlines."""

    lost: float | None
    """Of those about one of the topics, marked outside."""
    found: float | None
    """Of those about none of the topics, marked outside."""
    right_over_all: float | None
    """Of all: marked where `none` is acceptable, or answered with an acceptable topic where not."""


def outside_rates(codes: Sequence[Sequence[str]], marked: Sequence[bool], named: Sequence[bool]) -> OutsideRates:
    """Rates of some answers.

    Args:
        codes: what is acceptable for each headline, topics or `none`. Headlines for which both are acceptable have or
            lack no topic.
        marked: whether each headline is marked outside.
        named: whether the most probable topic of each headline is acceptable.
    """
    answered = list(zip(codes, marked, named, strict=True))
    return OutsideRates(
        lost=share(out for acceptable, out, _ in answered if NONE not in acceptable),
        found=share(out for acceptable, out, _ in answered if set(acceptable) == {NONE}),
        right_over_all=share(NONE in acceptable if out else right for acceptable, out, right in answered),
    )


def share(values: Iterable[bool]) -> float | None:
    """The share that is true, to four digits; None without values."""
    chosen = list(values)
    return round(float(np.mean(chosen)), 4) if chosen else None
