"""The learning curve in words, for the summary and the model card."""

from collections.abc import Mapping, Sequence


def curve_sentence(points: Sequence[Mapping[str, float]], measure: str = "Accuracy") -> str:
    """What a linear model reaches with a part of the rows; `points` have `rows` and `accuracy`, by number of rows.

    `measure`: what `accuracy` is, micro-F1 if a text may have several labels.
    """
    reached = [f"{one['accuracy']:.3f} with {one['rows']:,}" for one in points]
    gain = points[-1]["accuracy"] - points[-2]["accuracy"]
    return (
        f"{measure} of a linear SVM by number of training rows: {', '.join(reached)}. The last doubling brought"
        f" {100 * gain:+.1f} points."
    )
