"""Whether the test rows differ from the training rows, in words, for the summary and the model card."""

from typing import Final

from scipy.stats import betabinom

LEAST: Final = 0.05
"""Minimum difference that is worth a sentence."""
CHANCE: Final = 0.001
"""Probability of so low a figure by chance, below which the test rows differ. It is low because the model was chosen on
the held-out rows, on which it is therefore a little better."""


def shift_sentence(test: float, test_rows: int, held_out: float, held_out_rows: int, measure: str) -> str:
    """What follows if the model is far better on held-out training rows than on the test rows; empty if it is not.

    Far is by LEAST, and by more than CHANCE explains, also if the test rows are few.

    Args:
        test: accuracy on the test rows, or micro-F1, 0 to 1.
        test_rows: their number.
        held_out: the same figure on the held-out rows.
        held_out_rows: their number.
        measure: what the figure is.
    """
    right = held_out * held_out_rows
    # Of right test rows, if these are like the held-out rows, whose number limits what is known of their accuracy.
    rows_right = betabinom(test_rows, right + 1, held_out_rows - right + 1)
    if held_out - test < LEAST or rows_right.cdf(round(test * test_rows)) > CHANCE:
        return ""
    return (
        f"On held-out training rows, the {measure} is {held_out:.3f}, so the test rows differ from the training rows,"
        " such as in time, place or style, or in how they were labelled. The calibration, which is fitted on held-out"
        " training rows, does not hold for texts like the test rows. If the service will get such texts, add some of"
        " them to the training rows."
    )
