"""Vocabulary of the headline model, and texts as sparse multi-hot rows."""

import itertools
from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from app.classifier.encoding import Encoder
from app.classifier.manifest import EncodingSpec
from app.classifier.word_index import LATER, PIECE, TWICE, pieces
from training.headlines.clusters.cluster_list import Cluster
from training.headlines.recipe import Recipe
from training.headlines.samples import Sample, labels_of

_BATCH_PAIRS = 8_192
"""Pairs whose counts by label are in memory at once."""


def build_encoder(
    recipe: Recipe,
    texts: Sequence[Sample],
    added: Sequence[Sample],
    topics: int,
    min_added_texts: int = 1,
    *,
    clusters: Sequence[Cluster] = (),
) -> tuple[Encoder, dict[str, int]]:
    """Choose the vocabulary of these samples.

    The word index contains, in this order: the words by number of `texts`, then further words of the `added` texts;
    words that occur only after the lead, and words that occur twice or more, each by number of texts; the word pairs
    with the highest G-squared statistic for the label (Dunning 1993). Then come the pieces of words. The last ids are
    those of the `clusters`, in their order: each word of a cluster that has no id of its own has this one. All but the
    pieces are `recipe.features` together. Last come the rare words, which have no id.

    Returns:
        The encoder, and the word index: word, later word, repeated word, pair or piece -> rank, from 1. The words of a
        cluster have the same rank.
    """
    samples = [*texts, *added]
    room = recipe.features - len(clusters)
    counts = Counter(word for sample in texts for word in dict.fromkeys(sample.words))
    ranked = [word for word, _ in counts.most_common()]
    words = [word for word in ranked if counts[word] >= recipe.min_word_texts][: recipe.words]
    known = {*words}
    new = Counter(word for sample in added for word in dict.fromkeys(sample.words) if word not in known)
    words += [word for word, count in new.most_common() if count >= min_added_texts]
    known = {*words}
    later: list[str] = []
    if recipe.lead is not None:
        later = [f"{word} {LATER}" for word in _later(samples, recipe.lead, recipe.min_later_texts) if word in known]
        later = later[: min(recipe.later, room - len(words))]
    repeats = [f"{word} {TWICE}" for word in _repeated(samples, recipe.min_repeat_texts) if word in known]
    repeats = repeats[: min(recipe.repeats, room - len(words) - len(later))]
    pairs = _best_pairs(samples, topics, recipe.min_pair_texts)
    pairs = pairs[: room - len(words) - len(later) - len(repeats)]
    shared = {word: i for i, cluster in enumerate(clusters, start=1) for word in cluster.words if word not in known}
    rare = [word for word in dict.fromkeys([*ranked, *new]) if word not in known and word not in shared]
    parts = [f"{piece} {PIECE}" for piece in _best_pieces(recipe, counts + new, known)]
    features = [*words, *later, *repeats, *pairs, *parts]
    rare = rare[: recipe.rare_words]
    size = len(features) + len(clusters) + 1
    word_index = {entry: rank for rank, entry in enumerate(features, start=1)}
    word_index |= {word: len(features) + i for word, i in shared.items()}
    word_index |= {word: rank for rank, word in enumerate(rare, start=size)}
    spec = EncodingSpec(
        size=size,
        offset=0,
        start_id=None,
        rare_id=None,
        pairs=True,
        repeats=True,
        lead=recipe.lead,
        references="html",
        split_unspaced=recipe.split_unspaced,
        split_symbols=recipe.split_symbols,
        split_marks=recipe.split_marks,
        pieces=recipe.piece_sizes if parts else None,
    )
    return Encoder(spec, word_index), word_index


def encode(encoder: Encoder, texts: Iterable[Sequence[str]]) -> sp.csr_matrix:
    """Texts as multi-hot rows, float32 [n, encoder.spec.size], encoded as in the service."""
    return multi_hot((encoder.encode_words(words).ids for words in texts), encoder.spec.size)


def multi_hot(ids: Iterable[Sequence[int]], size: int) -> sp.csr_matrix:
    """Ascending ids as sparse rows, float32 [n, size], with 1 at each id."""
    columns, starts = array("i"), array("i", [0])  # as lists, those of a million texts would take twice the memory
    for row in ids:
        columns.extend(row)
        starts.append(len(columns))
    places, ends = np.asarray(columns), np.asarray(starts)
    return sp.csr_matrix((np.ones(len(places), np.float32), places, ends), shape=(len(ends) - 1, size))


def unit_length(rows: sp.csr_matrix) -> sp.csr_matrix:
    """Multi-hot rows, float32 [n, size], scaled to length 1 as in the first layer of the model; empty rows stay 0."""
    lengths = np.sqrt(np.diff(rows.indptr), dtype=np.float32)
    return sp.csr_matrix((rows.data / np.repeat(lengths, np.diff(rows.indptr)), rows.indices, rows.indptr), rows.shape)


def number_strings(lists: Iterable[Sequence[str]]) -> tuple[list[str], NDArray[np.int32], NDArray[np.int32]]:
    """Number the distinct strings of all lists from 0, in the order of their first occurrence.

    Returns:
        The distinct strings; the number of each string, list after list, int32 [strings]; and the length of each list,
        int32 [lists].
    """
    numbers: defaultdict[str, int] = defaultdict(itertools.count().__next__)
    flat, lengths = array("i"), array("i")  # as lists, those of a million texts would take gigabytes
    for strings in lists:
        flat.extend(map(numbers.__getitem__, strings))
        lengths.append(len(strings))
    return list(numbers), np.asarray(flat), np.asarray(lengths)


def _best_pieces(recipe: Recipe, counts: Counter[str], known: Collection[str]) -> list[str]:
    """The pieces in most texts, as pieces of a word without an id, or in most words (see `Recipe.pieces_of`)."""
    if not recipe.pieces:
        return []
    words = [word for word in counts if recipe.pieces_of == "all" or word not in known]
    names, numbers, lengths = number_strings([*dict.fromkeys(pieces(word, recipe.piece_sizes))] for word in words)
    texts = np.array([1 if recipe.pieces_of == "all" else counts[word] for word in words])
    occurrences = np.bincount(numbers, np.repeat(texts, lengths))
    best = np.argsort(-occurrences, kind="stable")[: recipe.pieces]
    return [names[i] for i in best[occurrences[best] >= recipe.min_piece_texts].tolist()]


def _later(samples: Sequence[Sample], lead: int, min_texts: int) -> list[str]:
    """Words that occur only after the lead in `min_texts` texts or more, by number of texts."""
    counts = Counter(word for sample in samples for word in {*sample.words[lead:]}.difference(sample.words[:lead]))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))  # sets have no stable order
    return [word for word, count in ranked if count >= min_texts]


def _repeated(samples: Sequence[Sample], min_texts: int) -> list[str]:
    """Words that occur twice or more in each of `min_texts` texts or more, by number of texts."""
    counts = Counter(word for sample in samples for word, times in Counter(sample.words).items() if times > 1)
    return [word for word, count in counts.most_common() if count >= min_texts]


def _best_pairs(samples: Sequence[Sample], topics: int, min_texts: int) -> list[str]:
    """Pairs of adjacent words that occur in `min_texts` texts or more, by G-squared for the label."""
    names, texts, ids = _frequent_pairs(samples, min_texts)
    labels = labels_of(samples, topics)
    sizes = np.bincount(labels, minlength=topics + 1)
    seen = sp.csr_matrix((np.ones(len(ids)), (ids, labels[texts])), shape=(len(names), topics + 1))  # adds up
    gains = [np.zeros(0)]
    for start in range(0, len(names), _BATCH_PAIRS):
        counts = seen[start : start + _BATCH_PAIRS].toarray()
        expected = counts.sum(axis=1, keepdims=True) * (sizes / len(labels))
        gain = counts * np.log(np.maximum(counts, 1) / np.maximum(expected, 1e-12))
        gains.append(gain.sum(axis=1))
    return [names[i] for i in np.argsort(-np.concatenate(gains), kind="stable")]


def _frequent_pairs(
    samples: Sequence[Sample], min_texts: int
) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of adjacent words that occur in `min_texts` texts or more, in the order of their first occurrence.

    Pairs are counted as numbers: as strings those of a million texts would take gigabytes.

    Returns:
        The pairs; and for each of their occurrences, once a text, the text and the pair, both int64 [occurrences].
    """
    names, words, lengths = number_strings(sample.words for sample in samples)
    texts = np.repeat(np.arange(len(samples)), lengths)
    inside = texts[1:] == texts[:-1]
    codes, texts = (words[:-1].astype(np.int64) * len(names) + words[1:])[inside], texts[1:][inside]
    # Each pair once per text: the stable order keeps the first occurrence in front.
    order = np.lexsort((codes, texts))
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(codes[order]) != 0) | (np.diff(texts[order]) != 0)
    once = np.sort(order[new])
    codes, texts = codes[once], texts[once]
    unique, first, ids, counts = np.unique(codes, return_index=True, return_inverse=True, return_counts=True)
    kept = np.flatnonzero(counts >= min_texts)
    kept = kept[np.argsort(first[kept])]
    places = np.full(len(unique), -1)
    places[kept] = np.arange(len(kept))
    ids = places[ids]
    pairs = [f"{names[code // len(names)]} {names[code % len(names)]}" for code in unique[kept].tolist()]
    return pairs, texts[ids >= 0], ids[ids >= 0]
