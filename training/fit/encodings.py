"""Chooses the encoding, clusters of words and feature weights by the accuracy of a linear SVM on held-out rows."""

import functools
import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from training.fit.sizes import (
    CROSS_FITTED,
    FEW,
    FEW_A_LABEL,
    MANY,
    MANY_EPOCHS,
    MAX_CHOICE_ROWS,
    has_time_to_choose,
    widened,
)
from training.headlines.expansion import feature_expansion
from training.headlines.linear.train import train_svms
from training.headlines.recipe import Recipe
from training.headlines.samples import Sample, random_rows
from training.headlines.training_set import TrainingSet
from training.headlines.vocabulary import build_encoder, encode, unit_length
from training.progress import Report

LONG = 0.25
"""Minimum share of texts that must be longer than the lead."""
CLUSTER_SHARE, GROUP_SHARE = 0.7, 1.0
"""Weights of a word's cluster and of its groups, if there are clusters; docs/experiments.md has other ones."""
LOWER_C = 0.3
"""Factor by which the C of the SVM is lowered."""
RARE_WEIGHT, UNEVEN = 0.25, 2
"""Higher C for rows of rarer labels, tried if a label has UNEVEN times as many rows as another, or more."""


def variants(recipe: Recipe, rows: int, rows_per_label: float, units: int) -> tuple[Recipe, ...]:
    """The encodings to try. They differ in how a word that occurs once is encoded.

    - By its pieces (character n-grams), or by shorter pieces too.
    - As a word with an id; then only words of no training row are encoded by pieces. Not tried with MANY_EPOCHS rows or
      more, because then few of the words of a text occur once.
    - With fewer than FEW rows: the same with pieces of 2 to 5 characters, of more weight, and features weighted by idf.
    - With fewer than CROSS_FITTED rows, with fewer than MANY_EPOCHS of few labels, or with fewer than FEW_A_LABEL rows
      of most labels: close to TF-IDF, with two values of C. All words, pairs and pieces of 2 to 5 characters have ids,
      as far as the bundle has room. Above FEW rows, this is better where words have many forms or spellings, such as in
      Finnish and in Roman Urdu, or where most answers are wrong.

    Args:
        recipe: that of `recipe_for`.
        rows: number of training rows.
        rows_per_label: their median.
        units: number of output units of the model.
    """
    by_pieces = (recipe, replace(recipe, piece_sizes=(2, 4)))
    if rows >= MANY_EPOCHS:
        return by_pieces
    ids = replace(recipe, min_word_texts=1, pieces_of="all", piece_weight=0.25)
    encodings = [*by_pieces, ids]
    if rows < FEW:
        few = replace(ids, piece_sizes=(2, 5), piece_share=2.0, feature_weights="ratio and idf")
        encodings += [few, replace(few, piece_weight=1.0)]
    if rows < CROSS_FITTED or has_time_to_choose(rows, units) or rows_per_label < FEW_A_LABEL:
        tfidf = replace(
            widened(ids, units),
            piece_sizes=(2, 5),
            min_pair_texts=1,
            min_piece_texts=1,
            min_piece_words=1,
            piece_share=None,
            piece_weight=0.6,
            feature_weights="tfidf",
        )
        encodings += [tfidf, replace(tfidf, linear_c=LOWER_C)]
    return tuple(encodings)


def choose_encoding(
    recipe: Recipe, parts: Sequence[tuple[TrainingSet, Sequence[Sample]]], seed: int, report: Report
) -> Recipe:
    """The variant with the highest accuracy, the first of equals, with the changes that improve it.

    A change is made if it is right more often by more than one standard error:

    - Words after the lead count as those of the lead, if at least LONG of the texts are longer; this is tried first,
      with the first variant. The beginning of a news report tells its topic, but that of a letter or a review does not:
      up to nine points of accuracy.
    - Clusters of words, if the training set has some: with a few thousand headlines or less, five points of accuracy or
      more; for narrow subjects, whose words are in few clusters, they can be worse.
    - Features weighted by idf, with intercepts, instead of by log-count ratio: up to three points if a few labels have
      most rows. For labels of similar numbers of rows, log-count ratios are mostly better.
    - A lower C of the SVM, several times, if there are few rows and labels: the more labels of rows are wrong or cannot
      be told from their words, the lower.

    At last, rows of rarer labels get a higher C, unless that lowers the accuracy by more than one standard error: these
    labels are then given more often, and on new texts the accuracy is mostly no lower.

    Args:
        recipe: that of `recipe_for`. With MANY rows or more, only the changes are tried, on some of the rows.
        parts: rows to train on, and rows held out from them.
        seed: of the solver, and of the choice of rows.
        report: called with the progress.
    """
    first, held_out = parts[0]
    samples = [*first.kinds[0].samples, *held_out]
    rows_of_labels = Counter(label for sample in samples for label in sample.labels)
    if len(samples) < MANY:
        tried = variants(recipe, len(samples), median(rows_of_labels.values()), first.units)
    else:
        tried = (recipe,)
        parts = [(_sampled(training_set, seed), out) for training_set, out in parts]
    long = recipe.lead is not None and sum(len(one.words) > recipe.lead for one in samples) >= LONG * len(samples)
    lowers_c = has_time_to_choose(len(samples), first.units)
    uneven = not first.multi_label and max(rows_of_labels.values()) >= UNEVEN * min(rows_of_labels.values())
    done, steps = itertools.count(), len(tried) + long + bool(first.clusters) + 1 + lowers_c + uneven

    @functools.lru_cache(len(parts))  # the encoding before is often the same, because most changes are of the SVM alone
    def encoded(encoding: Recipe, part: int) -> _Encoded:
        return _encode(encoding, *parts[part])

    @functools.cache  # the best recipe is compared several times, and may be one of `tried` with a lower C
    def right(variant: Recipe) -> NDArray[np.bool_]:
        """Whether each held-out row is right: bool [n]."""
        each = []
        encoding = replace(variant, linear_c=1.0, rare_weight=0.0, feature_weights="ratio")  # without those of the SVM
        for part, (training_set, out) in enumerate(parts):
            # C may be lowered more often than `steps` counts.
            report("encoding", min(next(done), len(parts) * steps - 1), len(parts) * steps, "")
            each.append(_right(variant, training_set, out, encoded(encoding, part), seed))
        return np.concatenate(each)

    def improves(changed: Recipe, best: Recipe) -> bool:
        return _clearly_more(right(changed), right(best))

    if long and improves(replace(recipe, lead=None), recipe):
        tried = tuple(replace(variant, lead=None) for variant in tried)
    best = max(tried, key=lambda variant: np.count_nonzero(right(variant)))
    if first.clusters:
        features = best.features + len(first.clusters)
        clustered = replace(best, cluster_share=CLUSTER_SHARE, group_share=GROUP_SHARE, features=features)
        if improves(clustered, best):
            best = clustered
    if best.feature_weights != "tfidf":
        weighted = replace(best, feature_weights="tfidf")
        if improves(weighted, best):
            best = weighted
    while lowers_c:
        lower = replace(best, linear_c=best.linear_c * LOWER_C)
        if not improves(lower, best):
            break
        best = lower
    if uneven:
        weighted = replace(best, rare_weight=RARE_WEIGHT)
        if not improves(best, weighted):
            best = weighted
    return best


def _clearly_more(now: NDArray[np.bool_], before: NDArray[np.bool_]) -> bool:
    """Whether more rows are right now than before, by more than one standard error of the paired difference."""
    gained, lost = int(np.count_nonzero(now & ~before)), int(np.count_nonzero(before & ~now))
    return gained - lost > math.sqrt(gained + lost)


def _sampled(training_set: TrainingSet, seed: int) -> TrainingSet:
    """The training set with at most MAX_CHOICE_ROWS of its rows."""
    [kind] = training_set.kinds
    chosen = random_rows(len(kind.samples), MAX_CHOICE_ROWS, seed).tolist()
    return replace(training_set, kinds=(replace(kind, samples=tuple(kind.samples[i] for i in chosen)),))


@dataclass(frozen=True, slots=True)
class _Encoded:
    """Rows to train on and held-out rows, multi-hot, float32 [n, features]."""

    train: sp.csr_matrix
    out: sp.csr_matrix
    expansion: sp.csr_matrix
    """Maps features to inputs, float32 [features, inputs] (see `feature_expansion`)."""


def _encode(recipe: Recipe, training_set: TrainingSet, out: Sequence[Sample]) -> _Encoded:
    """Choose the vocabulary of the rows to train on, and encode all rows."""
    train, clusters = training_set.kinds[0].samples, training_set.clusters_of(recipe)
    encoder, word_index = build_encoder(recipe, train, (), training_set.topics, clusters=clusters)
    return _Encoded(
        encode(encoder, [sample.words for sample in train]),
        encode(encoder, [sample.words for sample in out]),
        feature_expansion(word_index, encoder.spec.size, recipe, clusters),
    )


def _right(
    recipe: Recipe, training_set: TrainingSet, out: Sequence[Sample], encoded: _Encoded, seed: int
) -> NDArray[np.bool_]:
    """Whether the best label of each held-out row is one of its own: bool [n]."""
    train, topics = training_set.kinds[0].samples, training_set.topics
    kernel, bias = train_svms(
        recipe,
        training_set,
        train,
        x=encoded.train,
        expansion=encoded.expansion,
        penalties=np.tile(training_set.kinds[0].penalty, (len(train), 1)),
        seed=seed,
    )
    scores = unit_length(encoded.out) @ kernel[:, :topics] + bias[:topics]
    answers = zip(scores.argmax(axis=1).tolist(), out, strict=True)
    return np.array([best in sample.labels for best, sample in answers], np.bool_)
