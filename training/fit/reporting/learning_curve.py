"""The learning curve in words, for the summary and the model card."""

import math
from collections.abc import Mapping, Sequence


def curve_sentence(
    points: Sequence[Mapping[str, float]], test_rows: int, measure: str = "Accuracy", counted: str = "training rows"
) -> str:
    """What a linear model reaches with a part of the rows.

    The sentence says how far chance moves the difference between the last two: twice the standard error, as if they
    were measured on different rows, each with one right and one wrong row more, or it would be 0 where all are right
    (Agresti and Caffo 2000, "Simple and Effective Confidence Intervals for Proportions and Differences").

    Args:
        points: `rows` and `accuracy`, by number of rows.
        test_rows: number of rows on which they were measured.
        measure: what `accuracy` is, micro-F1 if a text may have several labels.
        counted: what `rows` counts, if not all training rows.
    """
    reached = [f"{point['accuracy']:.3f} with {point['rows']:,}" for point in points]
    before, after = points[-2]["accuracy"], points[-1]["accuracy"]
    shares = [(share * test_rows + 1) / (test_rows + 2) for share in (before, after)]
    margin = 1.96 * math.sqrt(sum(share * (1 - share) for share in shares) / (test_rows + 2))
    digits = 0 if margin > 0.01 else 1
    return (
        f"{measure} of a simpler linear SVM with the model's features, by number of {counted}: {', '.join(reached)}."
        f" The last doubling brought {100 * (after - before):+.1f} points (margin of error ±{100 * margin:.{digits}f})."
    )
