import re
from pathlib import Path

import pytest

from app.classifier.tokenizer import tokenize
from training.errors import ClustersError
from training.headlines.clusters.cluster_list import Cluster, load_clusters, share_in_clusters
from training.headlines.clusters.make import WORD
from training.headlines.samples import Sample


def test_lines_are_clusters_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "clusters.txt"
    file.write_text("# source\n1: virus flu\n12 3: ballot\n", "utf-8")
    assert load_clusters(file) == (Cluster(("virus", "flu"), (1,)), Cluster(("ballot",), (12, 3)))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("1: virus  flu", ":2: has an empty word"),
        ("1: virus\n\n1: flu", ":3: must begin with the numbers of groups"),
        ("1: virus\nflu", ":3: must begin with the numbers of groups"),
        ("1: virus\nflu: shot", ":3: must begin with the numbers of groups"),
        ("1: virus\n1  2: shot", ":3: must begin with the numbers of groups"),
        ("1: virus\n2: flu virus", ":3: 'virus' is also in line 2"),
        ("1: virus virus", ":2: 'virus' is also in line 2"),
    ],
)
def test_malformed_line_is_refused_with_its_place(tmp_path: Path, lines: str, message: str) -> None:
    file = tmp_path / "clusters.txt"
    file.write_text(f"# source\n{lines}\n", "utf-8")
    with pytest.raises(ClustersError, match=re.escape(message)):
        load_clusters(file)


def test_missing_file_is_reported_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(ClustersError, match=r"absent: cannot be read"):
        load_clusters(tmp_path / "absent")


def test_words_of_the_list_are_looked_up_as_they_are_written() -> None:
    clusters = load_clusters()
    words = [word for cluster in clusters for word in cluster.words]
    assert len(clusters) == 1_000
    assert {len({*cluster.groups}) for cluster in clusters} == {6}
    assert {group for cluster in clusters for group in cluster.groups} == {*range(1, 201)}
    assert len(words) == 60_000
    assert all(map(WORD.fullmatch, words))
    assert tokenize(" ".join(words)) == words


def test_share_in_clusters_counts_every_word() -> None:
    clusters = (Cluster(("virus", "flu"), (1,)), Cluster(("ballot",), (2,)))
    assert share_in_clusters([Sample(("flu", "flu", "grippe"), ()), Sample(("ballot",), ())], clusters) == 0.75
    assert share_in_clusters([], clusters) == 0
