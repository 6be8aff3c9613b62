"""The list of clusters: English words with similar word vectors, which share what is learned of one of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.errors import ClustersError
from training.headlines.samples import Sample

CLUSTERS: Final = Path(__file__).with_name("clusters.txt")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster of words."""

    words: tuple[str, ...]
    groups: tuple[int, ...]
    """The numbers of the groups of similar clusters that are the most similar to it."""


Clusters = tuple[Cluster, ...]


def load_clusters(file: Path = CLUSTERS) -> Clusters:
    """Read a file with one cluster per line: the numbers of its groups, a colon, and its words, all between spaces.

    Lines that begin with `#` are skipped.

    Raises:
        ClustersError: the file is missing or unreadable, a line does not begin with numbers and a colon, or a word is
            empty or in two clusters; the message names it.
    """
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ClustersError(f"{file}: cannot be read as UTF-8 ({error}); restore it from the repository.") from error
    places: dict[str, int] = {}
    clusters = []
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            continue
        groups, colon, words = line.partition(": ")
        if not colon or not all(group.isdecimal() for group in groups.split(" ")):
            raise ClustersError(f"{file}:{number}: must begin with the numbers of groups, a colon and a space.")
        clusters.append(Cluster(tuple(words.split(" ")), tuple(map(int, groups.split(" ")))))
        for word in clusters[-1].words:
            if not word:
                raise ClustersError(f"{file}:{number}: has an empty word; separate words by one space.")
            if word in places:
                raise ClustersError(f"{file}:{number}: {word!r} is also in line {places[word]}; delete one of them.")
            places[word] = number
    return tuple(clusters)


def share_in_clusters(samples: Iterable[Sample], clusters: Clusters) -> float:
    """The share of all words of the samples that are in a cluster, 0 to 1."""
    listed = {word for cluster in clusters for word in cluster.words}
    number = found = 0
    for sample in samples:
        number += len(sample.words)
        found += sum(word in listed for word in sample.words)
    return found / max(number, 1)
