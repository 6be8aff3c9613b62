"""Trains the headline model: once without the held-out wires, to calibrate, then on all training wires per seed."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from app.classifier.encoding import Encoder
from app.classifier.manifest import Calibration, TopicSet
from app.classifier.network import Dense, DenseNetwork
from training.data.corpus import Wire
from training.errors import RecipeError
from training.headlines.calibration import HeldOut, fit_temperature, fit_topic_set
from training.headlines.char_ngrams import ngram_expansion
from training.headlines.merge import merge
from training.headlines.mlp import Epoch, drop_words, train_networks
from training.headlines.recipe import HeadlinesRecipe
from training.headlines.samples import (
    Sample,
    Words,
    cut_leads,
    cut_spans,
    labels_of,
    make_samples,
    others_of,
    soft_targets,
    title_words,
)
from training.headlines.svm import train_linear
from training.headlines.vocabulary import build_encoder, encode, unit_length
from training.history import History


@dataclass(frozen=True, slots=True)
class Learned:
    """A trained model, its encoder and the texts it was trained on."""

    encoder: Encoder
    word_index: dict[str, int]
    layers: tuple[Dense, ...]
    """SVM and MLPs, merged."""
    history: History
    """Of the MLPs."""
    titles: tuple[Sample, ...]
    bodies: tuple[Sample, ...]

    def held_out(self, samples: Sequence[Sample]) -> HeldOut:
        """The model's logits for samples that it was not trained on, with their labels."""
        ids = [self.encoder.encode_words(sample.words).ids for sample in samples]
        return HeldOut(DenseNetwork(self.layers).logits(ids), labels_of(samples))


@dataclass(frozen=True, slots=True)
class HeadlineTraining:
    """All runs of a training, with the calibration."""

    recipe: HeadlinesRecipe
    seeds: tuple[int, ...]
    runs: tuple[Learned, ...]
    """One per seed, trained on all training wires."""
    exploration: Learned
    """Trained without the held-out wires; used to calibrate, and then discarded."""
    held_out: tuple[Wire, ...]
    calibration: Calibration
    topic_set: TopicSet


def train_headlines(
    recipe: HeadlinesRecipe, corpus: Sequence[Wire], seeds: Sequence[int], on_epoch: Callable[[], object] = lambda: None
) -> HeadlineTraining:
    """Train once to calibrate, then once per seed on all training wires; no test wire is read, except for its title.

    Args:
        recipe: hyperparameters.
        corpus: all wires; titles that a test wire also has are left out.
        seeds: at least one; the first also calibrates.
        on_epoch: called after every epoch, (1 + len(seeds)) * recipe.epochs times.

    Raises:
        RecipeError: there are not more training wires than the recipe holds out.
    """
    train = [wire for wire in corpus if wire.split == "train"]
    if len(train) <= recipe.held_out:
        raise RecipeError(
            f"The training part has {len(train):,} wires and recipe {recipe.name} holds out {recipe.held_out:,} of"
            " them; use the whole archive."
        )
    test_titles = title_words(wire for wire in corpus if wire.split == "test")
    held_out, rest = train[: recipe.held_out], train[recipe.held_out :]
    titles, bodies = make_samples(held_out)
    exploration = learn(
        recipe, rest, test_titles | title_words(held_out), seeds[0], held_out=[*titles, *bodies], on_epoch=on_epoch
    )
    calibration = fit_temperature(exploration.held_out([*titles, *bodies]))
    headlines = exploration.held_out(titles)
    topic_set = fit_topic_set(headlines.probabilities(calibration), headlines.labels, recipe.coverage)
    runs = tuple(learn(recipe, train, test_titles, seed, on_epoch=on_epoch) for seed in seeds)
    return HeadlineTraining(recipe, tuple(seeds), runs, exploration, tuple(held_out), calibration, topic_set)


def learn(
    recipe: HeadlinesRecipe,
    wires: Sequence[Wire],
    avoid: Collection[Words],
    seed: int,
    *,
    held_out: Sequence[Sample] = (),
    on_epoch: Callable[[], object] = lambda: None,
) -> Learned:
    """Train vocabulary, linear SVM and MLPs on titles and own bodies, and merge them.

    Args:
        recipe: hyperparameters.
        wires: training wires.
        avoid: tokenized titles to leave out.
        seed: for everything random.
        held_out: samples on which the MLPs are evaluated after each epoch.
        on_epoch: called after each epoch.
    """
    titles, bodies = make_samples(wires, avoid)
    encoder, word_index = build_encoder(recipe, [*titles, *bodies])
    kinds = (titles, bodies, cut_leads(bodies, recipe.first_words))
    samples = [sample for kind in kinds for sample in kind]
    whole = [encode(encoder, [sample.words for sample in kind]) for kind in kinds]
    penalties = np.repeat(np.array(recipe.penalties), list(map(len, kinds)), axis=0)
    expansion = ngram_expansion(word_index, encoder.spec.size, recipe.piece_share, recipe.min_piece_words)
    topics = labels_of(samples), others_of(samples)
    linear = train_linear(sp.vstack(whole, "csr"), expansion, *topics, penalties, seed=seed)
    targets = soft_targets([*samples, *bodies], recipe.first_topic_share)
    watched = None
    if held_out:
        rows = encode(encoder, [sample.words for sample in held_out])
        watched = unit_length(rows), soft_targets(held_out, recipe.first_topic_share)
    rng = np.random.default_rng(seed)

    def epoch() -> Epoch:
        spans = encode(encoder, [span.words for span in cut_spans(bodies, recipe.span_words, rng)])
        fewer = [drop_words(rows, recipe.word_dropout, rng) for rows in whole]
        return unit_length(sp.vstack([*fewer, spans], "csr")), targets

    networks, history = train_networks(recipe, epoch, expansion, seed=seed, held_out=watched, on_epoch=on_epoch)
    spans = encode(encoder, [span.words for span in cut_spans(bodies, recipe.span_words, rng)])
    texts = unit_length(sp.vstack([*whole, spans], "csr"))
    layers = merge(linear, networks, recipe.linear_share, texts, recipe.width)
    return Learned(encoder, word_index, layers, history, tuple(titles), tuple(bodies))
