"""Chooses how words that occur once are encoded, by the accuracy of a linear SVM on held-out rows."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from training.fit.sizes import FEW, FEW_A_LABEL, MANY, MANY_EPOCHS, widened
from training.headlines.expansion import feature_expansion
from training.headlines.linear.train import train_svms
from training.headlines.recipe import Recipe
from training.headlines.samples import Sample
from training.headlines.training_set import TrainingSet
from training.headlines.vocabulary import build_encoder, encode, unit_length
from training.progress import Report


def variants(recipe: Recipe, rows: int, units: int) -> tuple[Recipe, ...]:
    """The encodings to try. They differ in how a word that occurs once is encoded.

    - By its pieces (character n-grams), or by shorter pieces too.
    - As a word with an id; then only words of no training row are encoded by pieces. Not tried with MANY_EPOCHS rows or
      more, because then few of the words of a text occur once.
    - With fewer than FEW rows: the same with pieces of 2 to 5 characters, of more weight, and features weighted by idf.
    - With fewer than FEW rows, or fewer than FEW_A_LABEL rows per unit: close to TF-IDF. All words, pairs and pieces of
      2 to 5 characters have ids, as far as the bundle has room.

    Args:
        recipe: that of `recipe_for`.
        rows: number of training rows.
        units: number of output units of the model.
    """
    by_pieces = (recipe, replace(recipe, piece_sizes=(2, 4)))
    if rows >= MANY_EPOCHS:
        return by_pieces
    ids = replace(recipe, min_word_texts=1, pieces_of="all", piece_weight=0.25)
    encodings = [*by_pieces, ids]
    if rows < FEW:
        few = replace(ids, piece_sizes=(2, 5), piece_share=2.0, idf_weights=True)
        encodings += [few, replace(few, piece_weight=1.0)]
    if rows < max(FEW, FEW_A_LABEL * units):
        tfidf = replace(
            widened(ids, units),
            piece_sizes=(2, 5),
            min_pair_texts=1,
            min_piece_texts=1,
            min_piece_words=1,
            piece_share=None,
            piece_weight=0.6,
            tfidf=True,
        )
        encodings.append(tfidf)
    return tuple(encodings)


def choose_encoding(
    recipe: Recipe, parts: Sequence[tuple[TrainingSet, Sequence[Sample]]], seed: int, report: Report
) -> Recipe:
    """The variant with the highest accuracy, the first of equals; the recipe itself if there are MANY rows or more.

    Args:
        recipe: that of `recipe_for`.
        parts: rows to train on, and rows held out from them.
        seed: of the solver.
        report: called with the progress.
    """
    rows = len(parts[0][0].kinds[0].samples) + len(parts[0][1])
    if rows >= MANY:
        return recipe
    tried = variants(recipe, rows, parts[0][0].units)
    right = np.zeros(len(tried), np.int64)
    for number, (training_set, out) in enumerate(parts):
        for place, variant in enumerate(tried):
            report("encoding", number * len(tried) + place, len(parts) * len(tried), "")
            right[place] += _right(variant, training_set, out, seed)
    return tried[int(right.argmax())]


def _right(recipe: Recipe, training_set: TrainingSet, out: Sequence[Sample], seed: int) -> int:
    """Number of held-out rows whose best label is one of theirs."""
    train, topics = training_set.kinds[0].samples, training_set.topics
    encoder, word_index = build_encoder(recipe, train, (), topics)
    kernel, bias = train_svms(
        recipe,
        training_set,
        train,
        x=encode(encoder, [sample.words for sample in train]),
        expansion=feature_expansion(word_index, encoder.spec.size, recipe),
        penalties=np.tile(training_set.kinds[0].penalty, (len(train), 1)),
        seed=seed,
    )
    scores = unit_length(encode(encoder, [sample.words for sample in out])) @ kernel[:, :topics] + bias[:topics]
    return sum(best in sample.labels for best, sample in zip(scores.argmax(axis=1).tolist(), out, strict=True))
