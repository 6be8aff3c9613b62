"""Whether the test rows differ from the training rows, in words, for the summary and the model card."""

import math
from typing import Final

LEAST: Final = 0.05
"""Minimum difference that is worth a sentence."""


def shift_sentence(test: float, test_rows: int, held_out: float, held_out_rows: int, measure: str) -> str:
    """What follows if the model is far better on held-out training rows than on the test rows; empty if it is not.

    Far is by LEAST, and by three standard errors, which is more than choosing the model on the held-out rows explains.

    Args:
        test: accuracy on the test rows, or micro-F1, 0 to 1.
        test_rows: their number.
        held_out: the same figure on the held-out rows.
        held_out_rows: their number.
        measure: what the figure is.
    """
    smoothed = [
        ((share * rows + 1) / (rows + 2), rows + 2) for share, rows in ((test, test_rows), (held_out, held_out_rows))
    ]
    error = math.sqrt(sum(share * (1 - share) / rows for share, rows in smoothed))
    if held_out - test < max(LEAST, 3 * error):
        return ""
    return (
        f"On held-out training rows, the {measure} is {held_out:.3f}, so the test rows differ from the training rows,"
        " such as in time, place or style, or in how they were labelled. The calibration, which is fitted on held-out"
        " training rows, does not hold for texts like the test rows. If the service will get such texts, add some of"
        " them to the training rows."
    )
