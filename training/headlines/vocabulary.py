"""Vocabulary of the headline model, and texts as sparse multi-hot rows."""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import scipy.sparse as sp

from app.classifier.encoding import LATER, TWICE, Encoder
from app.classifier.manifest import EncodingSpec
from training.headlines.recipe import HeadlinesRecipe
from training.headlines.samples import OUTSIDE, Sample, Words, labels_of


def build_encoder(
    recipe: HeadlinesRecipe, wires: Sequence[Sample], lexicon: Sequence[Sample] = ()
) -> tuple[Encoder, dict[str, int]]:
    """Choose the vocabulary of these samples.

    The word index contains, in this order: the words by number of wires' texts, then further words of the lexicon;
    words that occur only after the lead, and words that occur twice or more, each by number of texts; the word pairs
    with the highest G-squared statistic for the label (Dunning 1993). These are `recipe.features` together. Last are
    the rare words, which have no id.

    Returns:
        The encoder, and the word index: word, later word, repeated word or pair -> rank, from 1.
    """
    samples = [*wires, *lexicon]
    counts = Counter(word for sample in wires for word in dict.fromkeys(sample.words))
    ranked = [word for word, _ in counts.most_common()]
    words = [word for word in ranked if counts[word] >= recipe.min_word_texts][: recipe.words]
    known = {*words}
    new = Counter(word for sample in lexicon for word in dict.fromkeys(sample.words) if word not in known)
    words += [word for word, count in new.most_common() if count >= recipe.min_lexicon_texts]
    known = {*words}
    later = [f"{word} {LATER}" for word in _later(samples, recipe.lead, recipe.min_later_texts) if word in known]
    later = later[: min(recipe.later, recipe.features - len(words))]
    repeats = [f"{word} {TWICE}" for word in _repeated(samples, recipe.min_repeat_texts) if word in known]
    repeats = repeats[: min(recipe.repeats, recipe.features - len(words) - len(later))]
    pairs = _best_pairs(samples, recipe.min_pair_texts)
    pairs = pairs[: recipe.features - len(words) - len(later) - len(repeats)]
    rare = [word for word in dict.fromkeys([*ranked, *new]) if word not in known]
    features = [*words, *later, *repeats, *pairs]
    word_index = {entry: rank for rank, entry in enumerate([*features, *rare], start=1)}
    spec = EncodingSpec(
        size=len(features) + 1,
        offset=0,
        start_id=None,
        rare_id=None,
        pairs=True,
        repeats=True,
        lead=recipe.lead,
        references="html",
    )
    return Encoder(spec, word_index), word_index


def encode(encoder: Encoder, texts: Iterable[Words]) -> sp.csr_matrix:
    """Texts as multi-hot rows, float32 [n, encoder.spec.size], encoded as in the service."""
    return multi_hot([encoder.encode_words(words).ids for words in texts], encoder.spec.size)


def multi_hot(ids: Sequence[Sequence[int]], size: int) -> sp.csr_matrix:
    """Ascending ids as sparse rows, float32 [n, size], with 1 at each id."""
    starts = np.concatenate([[0], np.cumsum([len(row) for row in ids])]).astype(np.int32)
    columns = np.fromiter(itertools.chain.from_iterable(ids), np.int32, starts[-1])
    return sp.csr_matrix((np.ones(len(columns), np.float32), columns, starts), shape=(len(ids), size))


def unit_length(rows: sp.csr_matrix) -> sp.csr_matrix:
    """Multi-hot rows, float32 [n, size], scaled to length 1 as in the first layer of the model; empty rows stay 0."""
    lengths = np.sqrt(np.maximum(np.diff(rows.indptr), 1), dtype=np.float32)
    return sp.csr_matrix((rows.data / np.repeat(lengths, np.diff(rows.indptr)), rows.indices, rows.indptr), rows.shape)


def _later(samples: Sequence[Sample], lead: int, least: int) -> list[str]:
    """Words that occur only after the lead in `least` texts or more, by number of texts."""
    counts = Counter(word for sample in samples for word in {*sample.words[lead:]}.difference(sample.words[:lead]))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))  # sets have no stable order
    return [word for word, count in ranked if count >= least]


def _repeated(samples: Sequence[Sample], least: int) -> list[str]:
    """Words that occur twice or more in `least` texts or more, by number of texts."""
    counts = Counter(word for sample in samples for word, n in Counter(sample.words).items() if n > 1)
    return [word for word, count in counts.most_common() if count >= least]


def _best_pairs(samples: Sequence[Sample], least: int) -> list[str]:
    """Pairs of adjacent words that occur in `least` texts or more, by G-squared for the label."""
    texts = [list(dict.fromkeys(map(" ".join, itertools.pairwise(sample.words)))) for sample in samples]
    counts = Counter(itertools.chain.from_iterable(texts))
    candidates = {pair: i for i, pair in enumerate(pair for pair, count in counts.items() if count >= least)}
    if not candidates:
        return []
    ids = [sorted(candidates[pair] for pair in text if pair in candidates) for text in texts]
    topics = np.eye(OUTSIDE + 1)[labels_of(samples)]
    seen = multi_hot(ids, len(candidates)).T @ topics  # [pairs, topics]
    expected = seen.sum(axis=1, keepdims=True) * topics.mean(axis=0)
    gain = np.where(seen > 0, seen * np.log(np.maximum(seen, 1) / np.maximum(expected, 1e-12)), 0).sum(axis=1)
    names = list(candidates)
    return [names[i] for i in np.argsort(-gain, kind="stable")]
