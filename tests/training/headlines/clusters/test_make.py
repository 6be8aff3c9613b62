import json
from pathlib import Path

from click.testing import CliRunner

from training.headlines.clusters.cluster_list import Cluster, load_clusters
from training.headlines.clusters.make import cluster_words, main

GROUPS = {
    "the of and in": (0.0, 0.0, 1.0),
    "virus flu fever cough": (1.0, 0.3, 0.0),
    "vote ballot poll seat": (0.3, 1.0, 0.0),
}
VECTORS = {
    word: (*(scale * (number + 0.01 * place) for number in group), 9.0)
    for place, scale in enumerate((1.0, 5.0, 0.2, 3.0))
    for words, group in GROUPS.items()
    for word in (words.split()[place], *([",", "u.s", "x"] if place == 1 else []))
} | {"late": (0.0, 1.0, 0.0, 9.0)}
"""Frequent words first, each with its vector of three numbers and another number that is not part of it."""


def test_words_and_clusters_are_grouped_by_the_direction_of_their_vectors() -> None:
    numbers = ((1, 2), (2, 1), (2, 1))  # nearest first; the last two clusters are the most similar ones
    expected = tuple(Cluster(tuple(words.split()), number) for words, number in zip(GROUPS, numbers, strict=True))
    assert cluster_words(VECTORS, 12, 3, 2, 3) == expected


def test_command_writes_a_list_that_training_reads(tmp_path: Path) -> None:
    source, output = tmp_path / "vectors.json", tmp_path / "clusters.txt"
    source.write_text(json.dumps({"dimensions": 3, "vectors": VECTORS}), "utf-8")
    sizes = ["--words", "12", "--clusters", "3", "--groups", "2"]
    done = CliRunner().invoke(main, [str(source), *sizes, "--output", str(output)])
    assert done.exit_code == 0, done.output
    assert "12 words in 3 clusters" in done.output
    assert load_clusters(output) == cluster_words(VECTORS, 12, 3, 2, 3)
    assert "Public Domain" in output.read_text("utf-8")
