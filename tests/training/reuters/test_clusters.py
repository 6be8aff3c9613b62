import re
from pathlib import Path

import pytest

from app.classifier.tokenizer import tokenize
from training.errors import ClustersError
from training.reuters.cluster_words import WORD
from training.reuters.clusters import load_clusters


def test_lines_are_clusters_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "clusters.txt"
    file.write_text("# source\nvirus flu\nballot\n", "utf-8")
    assert load_clusters(file) == (("virus", "flu"), ("ballot",))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("virus  flu", ":2: has an empty word"),
        ("virus\n\nflu", ":3: has an empty word"),
        ("virus\nflu virus", ":3: 'virus' is also in line 2"),
        ("virus virus", ":2: 'virus' is also in line 2"),
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
    words = [word for cluster in clusters for word in cluster]
    assert len(clusters) == 1_000
    assert len(words) == 60_000
    assert all(map(WORD.fullmatch, words))
    assert tokenize(" ".join(words)) == words
