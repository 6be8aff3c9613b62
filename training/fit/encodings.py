"""Chooses how words that occur once are encoded, by the accuracy of a linear SVM on held-out rows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from training.headlines.char_ngrams import ngram_expansion
from training.headlines.learn import Report
from training.headlines.recipe import Recipe
from training.headlines.samples import Sample, labels_of, others_of
from training.headlines.svm import train_linear
from training.headlines.vocabulary import build_encoder, encode, unit_length

MOST_ROWS: Final = 20_000
"""With more rows few words occur once, so nothing is tried."""


def variants(recipe: Recipe) -> tuple[Recipe, ...]:
    """Words that occur once are pieces; short ones, too; or they have ids, and words that no row has are pieces."""
    return (
        recipe,
        replace(recipe, piece_sizes=(2, 4)),  # for few rows in a language with many endings
        replace(recipe, min_word_texts=1, pieces_of="all", piece_weight=0.25),
    )


def choose_encoding(
    recipe: Recipe,
    parts: Sequence[tuple[Sequence[Sample], Sequence[Sample]]],
    topics: int,
    seed: int,
    report: Report,
) -> Recipe:
    """The variant that is right most often; the first of equals.

    Args:
        recipe: by size.
        parts: rows to train on, and rows held out from them.
        topics: number of labels.
        seed: of the solver.
        report: told how far this is.
    """
    tried = variants(recipe)
    if sum(len(part) for part in parts[0]) > MOST_ROWS:
        return recipe
    right = np.zeros(len(tried), np.int64)
    for number, (train, out) in enumerate(parts):
        for place, variant in enumerate(tried):
            report("encoding", number * len(tried) + place, len(parts) * len(tried), "")
            right[place] += _right(variant, train, out, topics, seed)
    return tried[int(right.argmax())]


def _right(recipe: Recipe, train: Sequence[Sample], out: Sequence[Sample], topics: int, seed: int) -> int:
    encoder, word_index = build_encoder(recipe, train, (), topics)
    labels, asked = labels_of(train, topics), labels_of(out, topics)
    kernel = train_linear(
        encode(encoder, [sample.words for sample in train]),
        ngram_expansion(word_index, encoder.spec.size, recipe),
        labels,
        others_of(train, topics + bool((labels == topics).any())),
        np.tile([1.0, 0.0], (len(train), 1)),
        topics=topics,
        seed=seed,
        most_negatives=recipe.most_negatives,
    )
    scores = unit_length(encode(encoder, [sample.words for sample in out])) @ kernel[:, :topics]
    return int((scores.argmax(axis=1) == asked).sum())
