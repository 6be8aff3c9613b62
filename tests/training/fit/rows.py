"""Made rows: each label has words of its own, between words that all share."""

import numpy as np

from training.labelled.rows import LabelledRow

COMMON = ["the", "of", "a", "in", "for", "new", "more", "after", "over", "says"]


def made_rows(labels: int, each: int, seed: int = 0, outside: int = 0, words: int = 6) -> list[LabelledRow]:
    """`each` rows of every label (`label0`, `label1`, ..), then `outside` rows about none of them."""
    rng = np.random.default_rng(seed)
    rows = []
    for label in range(labels + bool(outside)):
        own = [f"w{label}x{i}" for i in range(words)]
        for _ in range(outside if label == labels else each):
            text = " ".join([*rng.choice(own, 3), *rng.choice(COMMON, 3)])
            rows.append(LabelledRow(text, () if label == labels else (f"label{label}",), "rows.csv", len(rows) + 2))
    return rows


def codes(labels: int) -> list[str]:
    return sorted(f"label{label}" for label in range(labels))
