"""Feature expansion: words with character n-grams or a cluster in common share weights while a model is trained."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final

import numpy as np
import scipy.sparse as sp

from app.classifier.word_index import PIECE, pieces
from training.headlines.clusters.cluster_list import Cluster
from training.headlines.recipe import Recipe
from training.headlines.vocabulary import number_strings

SIZES: Final = (3, 4)
"""Minimum and maximum length of an n-gram; the beginning and the end of a word count as one character each."""


def char_ngrams(word: str, sizes: tuple[int, int] = SIZES) -> list[str]:
    """The distinct character n-grams of a word."""
    return list(dict.fromkeys(pieces(word, sizes)))


def feature_expansion(
    word_index: Mapping[str, int], size: int, recipe: Recipe, clusters: Sequence[Cluster] = ()
) -> sp.csr_matrix:
    """Matrix that maps each id to itself and, if it is a word's, to the n-grams and to the cluster of the word.

    Models are trained on `rows @ expansion`, so the texts of a word also train the weights of its n-grams, which other
    words share. After training, `expansion @ kernel` is the kernel for the rows themselves, so serving does not need
    the n-grams.

    A piece is an n-gram with an id, which represents words without an id. It has the weights of its n-gram, so it is
    trained by the words with ids that contain it. In the same way, the id of a cluster is trained by the words of the
    cluster that have ids of their own. If the recipe gives groups of clusters a weight, the words of a group share
    weights, too.

    Args:
        word_index: entry -> id; word pairs and repeated words have no n-grams of their own.
        size: length of the multi-hot vector; ids from `size` on are left out.
        recipe: `piece_share`, the Euclidean length of the weights of a word's n-grams, where the word itself has weight
            1 (None: each n-gram has the weight of a piece); `piece_weight`, the weight of a piece's n-gram, and of the
            piece itself if training texts have pieces; `min_piece_words`, the minimum number of words with an n-gram
            that is not a piece; `cluster_share`, the weight of a cluster, and `group_share`, the Euclidean length of
            the weights of its groups.
        clusters: those of the word index, whose ids are the last ones.

    Returns:
        float32 [size, size + n-grams + clusters + groups], without groups if they have no weight.
    """
    parts = {entry.removesuffix(f" {PIECE}"): rank for entry, rank in word_index.items() if entry.endswith(f" {PIECE}")}
    sizes = recipe.piece_sizes if parts else SIZES
    first = size - len(clusters)
    words = {entry: rank for entry, rank in word_index.items() if rank < first and " " not in entry}
    names, numbers, lengths = number_strings(chain((char_ngrams(word, sizes) for word in words), [[*parts]]))
    of_words, of_parts = np.split(numbers, [len(numbers) - len(parts)])
    counts = np.bincount(of_words, minlength=len(names))
    rare_parts = of_parts[counts[of_parts] < recipe.min_piece_words]
    used = np.concatenate([np.flatnonzero(counts >= recipe.min_piece_words), rare_parts])
    places = np.full(len(names), -1)
    places[used] = size + np.arange(len(used))
    kept = places[of_words] >= 0
    word_of = np.repeat(np.arange(len(words)), lengths[:-1])[kept]
    each = np.full(len(word_of), recipe.piece_weight, np.float32)
    if recipe.piece_share is not None:
        each = (recipe.piece_share / np.sqrt(np.bincount(word_of)[word_of])).astype(np.float32)
    own = np.ones(size, np.float32)
    part_ids = np.array([*parts.values()], np.int64)
    own[part_ids] = recipe.piece_weight if recipe.pieces_of == "rare" else 0.0
    rows = [np.arange(size), np.array([*words.values()], np.int64)[word_of], part_ids]
    columns = [np.arange(size), places[of_words[kept]], places[of_parts]]
    values = [own, each, np.full(len(parts), recipe.piece_weight, np.float32)]
    end = size + len(used)
    groups = dict.fromkeys(group for cluster in clusters for group in cluster.groups)
    group_places = {group: end + len(clusters) + i for i, group in enumerate(groups)}
    for i, cluster in enumerate(clusters):
        ranks = [first + i, *(rank for word in cluster.words if (rank := word_index.get(word, size)) < first)]
        shares = {end + i: recipe.cluster_share}
        if recipe.group_share:
            share = recipe.group_share / len(cluster.groups) ** 0.5
            shares |= {group_places[group]: share for group in cluster.groups}
        for column, share in shares.items():
            rows.append(np.array(ranks))
            columns.append(np.full(len(ranks), column))
            values.append(np.full(len(ranks), share, np.float32))
    return sp.csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))))
