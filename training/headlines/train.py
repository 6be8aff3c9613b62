"""Trains the headline model: once without the held-out texts, to calibrate, then on all of them per seed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from app.classifier.encoding import Encoder
from app.classifier.manifest import Calibration, Outside, TopicSet
from app.classifier.network import Dense, DenseNetwork
from training.data.corpus import ArchiveWire, Wire
from training.data.lexicon import Entry
from training.errors import RecipeError
from training.headlines.calibration import HeldOut, fit_outside, fit_temperature, fit_topic_set
from training.headlines.char_ngrams import ngram_expansion
from training.headlines.cleaning import mislabelled
from training.headlines.merge import merge
from training.headlines.mlp import Epoch, drop_words, train_networks
from training.headlines.recipe import HeadlinesRecipe
from training.headlines.samples import (
    Sample,
    cut_leads,
    cut_spans,
    labels_of,
    lexicon_samples,
    make_samples,
    others_of,
    soft_targets,
    title_words,
)
from training.headlines.svm import train_linear
from training.headlines.vocabulary import build_encoder, encode, unit_length
from training.history import History


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts to train on, or held out from it. A text about none of the topics has no label."""

    titles: tuple[Sample, ...]
    bodies: tuple[Sample, ...]
    lexicon: tuple[Sample, ...] = ()

    @property
    def kinds(self) -> tuple[tuple[Sample, ...], ...]:
        """Titles, bodies and the lexicon, each without those that have no text."""
        return tuple(kind for kind in (self.titles, self.bodies, self.lexicon) if kind)


@dataclass(frozen=True, slots=True)
class Learned:
    """A trained model, its encoder and the texts it was trained on."""

    encoder: Encoder
    word_index: dict[str, int]
    layers: tuple[Dense, ...]
    """SVM and MLPs, merged; the last unit is the score of the outside class."""
    history: History
    """Of the MLPs."""
    texts: Texts

    def held_out(self, samples: Sequence[Sample]) -> HeldOut:
        """The model's logits for samples that it was not trained on, with their labels."""
        encoded = [self.encoder.encode_words(sample.words) for sample in samples]
        logits = DenseNetwork(self.layers).logits([one.ids for one in encoded])
        return HeldOut(logits, labels_of(samples), np.array([one.oov_share for one in encoded], np.float32))


@dataclass(frozen=True, slots=True)
class HeadlineTraining:
    """All runs of a training, with the calibration."""

    recipe: HeadlinesRecipe
    seeds: tuple[int, ...]
    runs: tuple[Learned, ...]
    """One per seed, trained on all texts."""
    exploration: Learned
    """Trained without the held-out texts; used to calibrate, and then discarded."""
    held_out: Texts
    calibration: Calibration
    topic_set: TopicSet
    outside: Outside


def train_headlines(
    recipe: HeadlinesRecipe,
    corpus: Sequence[Wire],
    seeds: Sequence[int],
    *,
    outside: Sequence[ArchiveWire],
    lexicon: Sequence[Entry] = (),
    on_epoch: Callable[[], object] = lambda: None,
) -> HeadlineTraining:
    """Train once to calibrate, then once per seed on all texts; no test wire is read, except for its title.

    Args:
        recipe: hyperparameters.
        corpus: all wires; titles that a test wire also has are left out.
        seeds: at least one; the first also calibrates.
        outside: wires about none of the topics.
        lexicon: further texts, with and without a topic.
        on_epoch: called after every epoch, (1 + len(seeds)) * recipe.epochs times.

    Raises:
        RecipeError: there are not more training wires than the recipe holds out, or no wires without a topic.
    """
    train = [wire for wire in corpus if wire.split == "train"]
    if len(train) <= recipe.held_out:
        raise RecipeError(
            f"The training part has {len(train):,} wires and recipe {recipe.name} holds out {recipe.held_out:,} of"
            " them; use the whole archive."
        )
    if not outside:
        raise RecipeError("There are no wires without a topic, from which `outside` is learned; use the whole archive.")
    test_titles = title_words(wire for wire in corpus if wire.split == "test")
    phrases, every = lexicon_samples(lexicon), recipe.held_out_every
    outside = clean(recipe, train, outside)
    kept = train[: recipe.held_out], [*outside[::every]], phrases[::every]
    held_out = _texts([*kept[0], *kept[1]], kept[2], set())
    avoid = test_titles | {sample.words for sample in held_out.titles}
    left = [wire for i, wire in enumerate(outside) if i % every]
    rest = _texts([*train[recipe.held_out :], *left], [one for i, one in enumerate(phrases) if i % every], avoid)
    exploration = learn(recipe, rest, seeds[0], held_out=[*held_out.titles, *held_out.bodies], on_epoch=on_epoch)
    parts = [exploration.held_out(kind) for kind in held_out.kinds]
    calibration = fit_temperature([part.inside for part in parts])
    headlines = parts[0].inside
    topic_set = fit_topic_set(headlines.probabilities(calibration), headlines.labels, recipe.coverage)
    fitted = fit_outside(parts, calibration, recipe.most_lost)
    every_text = _texts([*train, *outside], phrases, test_titles)
    runs = tuple(learn(recipe, every_text, seed, on_epoch=on_epoch) for seed in seeds)
    return HeadlineTraining(recipe, tuple(seeds), runs, exploration, held_out, calibration, topic_set, fitted)


def clean(recipe: HeadlinesRecipe, train: Sequence[Wire], outside: Sequence[ArchiveWire]) -> list[ArchiveWire]:
    """The wires without a topic, except those that should have had one (see `mislabelled`)."""
    inside, without = ([one for kind in make_samples(wires) for one in kind] for wires in (train, outside))
    wrong = mislabelled(inside, without, recipe.first_words, recipe.clean_below)
    return [wire for wire in outside if wire.number not in wrong]


def _texts(wires: Sequence[Wire | ArchiveWire], lexicon: Sequence[Sample], avoid: set[tuple[str, ...]]) -> Texts:
    titles, bodies = make_samples(wires, avoid)
    return Texts(tuple(titles), tuple(bodies), tuple(lexicon))


def learn(
    recipe: HeadlinesRecipe,
    texts: Texts,
    seed: int,
    *,
    held_out: Sequence[Sample] = (),
    on_epoch: Callable[[], object] = lambda: None,
) -> Learned:
    """Train vocabulary, linear SVM and MLPs on all texts, and merge them.

    Args:
        recipe: hyperparameters.
        texts: titles, own bodies and the lexicon.
        seed: for everything random.
        held_out: samples on which the MLPs are evaluated after each epoch.
        on_epoch: called after each epoch.
    """
    encoder, word_index = build_encoder(recipe, [*texts.titles, *texts.bodies], texts.lexicon)
    kinds = (texts.titles, texts.bodies, cut_leads(texts.bodies, recipe.first_words), texts.lexicon)
    samples = [sample for kind in kinds for sample in kind]
    whole = [encode(encoder, [sample.words for sample in kind]) for kind in kinds]
    penalties = np.repeat(np.array(recipe.penalties), list(map(len, kinds)), axis=0)
    expansion = ngram_expansion(word_index, encoder.spec.size, recipe.piece_share, recipe.min_piece_words)
    topics = labels_of(samples), others_of(samples)
    linear = train_linear(sp.vstack(whole, "csr"), expansion, *topics, penalties, seed=seed)
    copies = recipe.lexicon_copies - 1
    targets = soft_targets([*samples, *texts.lexicon * copies, *texts.bodies], recipe.first_topic_share)
    watched = None
    if held_out:
        rows = encode(encoder, [sample.words for sample in held_out])
        watched = unit_length(rows), soft_targets(held_out, recipe.first_topic_share)
    rng = np.random.default_rng(seed)

    def spans() -> sp.csr_matrix:
        return encode(encoder, [span.words for span in cut_spans(texts.bodies, recipe.span_words, rng)])

    def epoch() -> Epoch:
        cut = spans()
        fewer = [drop_words(rows, recipe.word_dropout, rng) for rows in (*whole, *[whole[-1]] * copies)]
        return unit_length(sp.vstack([*fewer, cut], "csr")), targets

    networks, history = train_networks(recipe, epoch, expansion, seed=seed, held_out=watched, on_epoch=on_epoch)
    layers = merge(
        linear, networks, recipe.linear_share, unit_length(sp.vstack([*whole, spans()], "csr")), recipe.width
    )
    return Learned(encoder, word_index, layers, history, texts)
