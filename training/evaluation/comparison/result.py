"""Result of a comparison of two bundles: which answers differ, and whether the difference is significant."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

OUTSIDE: Final = "(outside)"
"""In a comparison, the answer that a text is about none of the labels."""


@dataclass(frozen=True, slots=True)
class Change:
    """A text for which the two bundles predict different topics; several labels are separated by `; `."""

    text: str
    topic: str
    before: str
    before_probability: float
    after: str
    after_probability: float

    @property
    def direction(self) -> str:
        """`better`, `worse` or `still wrong`, from the point of view of the newer bundle (`after`)."""
        return "better" if self.after == self.topic else "worse" if self.before == self.topic else "still wrong"


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two bundles, before and after, answer the same texts."""

    texts: int
    both_right: int
    better: int
    """Texts that only `after` classifies correctly."""
    worse: int
    """Texts that only `before` classifies correctly."""
    both_wrong: int
    macro_f1: tuple[float, float]
    """Of before and after, as the calibration error."""
    calibration_error: tuple[float, float]
    p_value: float
    """McNemar's exact test, two-sided: probability of a split this uneven if neither bundle is better."""
    changes: tuple[Change, ...]
    """Texts whose most probable topic differs: better first, then worse, then still wrong."""
    outside: int = 0
    """Texts about none of the labels, for which `outside` is the right answer; macro-F1 and calibration error are
    about the others. 0 if neither bundle has an outside class, and if one gives several labels."""

    def figures(self) -> dict[str, Any]:
        """The comparison as JSON-serializable dict."""
        changes = [asdict(change) | {"direction": change.direction} for change in self.changes]
        return asdict(self) | {"changes": changes}


def comparison_of(
    old: NDArray[np.bool_],
    new: NDArray[np.bool_],
    changes: Sequence[Change],
    macro_f1: tuple[float, float],
    calibration_error: tuple[float, float],
    *,
    outside: int = 0,
) -> Comparison:
    """The comparison of answers of which `old` and `new`, bool [n], are right; `outside`: see `Comparison`."""
    better, worse, both = int((new & ~old).sum()), int((old & ~new).sum()), int((old & new).sum())
    order = ("better", "worse", "still wrong")
    return Comparison(
        texts=len(old),
        both_right=both,
        better=better,
        worse=worse,
        both_wrong=len(old) - both - better - worse,
        macro_f1=macro_f1,
        calibration_error=calibration_error,
        p_value=float(binomtest(better, better + worse).pvalue) if better + worse else 1.0,
        changes=tuple(sorted(changes, key=lambda change: order.index(change.direction))),
        outside=outside,
    )
