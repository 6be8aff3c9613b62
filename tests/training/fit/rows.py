"""Made rows: each label has words of its own, between words that all share."""

import numpy as np

from training.headlines.clusters.cluster_list import load_clusters
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


def cluster_rows(half: int, each: int) -> list[LabelledRow]:
    """Rows of words from two clusters of the list, one for each label; the rows of each half share no word."""
    rng = np.random.default_rng(half)
    clusters = [next(c.words for c in load_clusters() if word in c.words) for word in ("goalkeeper", "onions")]
    return [
        LabelledRow(" ".join(rng.choice(words[half:60:2], 3)), (f"label{label}",), "rows.csv", number)
        for label, words in enumerate(clusters)
        for number in range(each)
    ]
