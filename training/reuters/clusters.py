"""Clusters: groups of words with similar word vectors, so that words without an id of their own can share one."""

from pathlib import Path
from typing import Final

from training.errors import ClustersError

CLUSTERS: Final = Path(__file__).with_name("clusters.txt")
Clusters = tuple[tuple[str, ...], ...]
"""The words of each cluster."""


def load_clusters(file: Path = CLUSTERS) -> Clusters:
    """Read a file with one cluster per line, its words separated by one space; lines that begin with `#` are skipped.

    Raises:
        ClustersError: the file is missing or unreadable, or a word is empty or in two clusters; the message names it.
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
        clusters.append(words := tuple(line.split(" ")))
        for word in words:
            if not word:
                raise ClustersError(f"{file}:{number}: has an empty word; separate words by one space.")
            if word in places:
                raise ClustersError(f"{file}:{number}: {word!r} is also in line {places[word]}; delete one of them.")
            places[word] = number
    return tuple(clusters)
