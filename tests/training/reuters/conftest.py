"""A small generated corpus with titles, bodies and further topics, and a training on it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from tests.tiny_bundle import COMMON, KEYWORDS, OUTSIDE_WORDS
from training.data.corpus import ArchiveWire, Wire
from training.data.lexicon import Entry
from training.data.topics import TOPICS
from training.headlines import train
from training.headlines.clusters.cluster_list import Cluster
from training.headlines.mlp import Epoch, Layers
from training.headlines.recipe import Recipe
from training.history import History
from training.reuters.recipe import HEADLINES, HeadlinesRecipe
from training.reuters.train import HeadlineTraining, train_headlines

TRAIN, TEST = 600, 150
SMALL = replace(
    HEADLINES,
    features=600,
    words=250,
    repeats=50,
    hidden=16,
    networks=2,
    width=60,
    epochs=4,
    batch_size=32,
    held_out=150,
)


def make_corpus() -> tuple[Wire, ...]:
    """600 training, 150 test wires of keywords and common words; every fifth has no body, every fourth two topics."""
    rng = np.random.default_rng(3)
    keywords = {topic: KEYWORDS[topic].split() for topic in TOPICS}

    def text(label: int, size: int) -> str:
        return " ".join([*rng.choice(keywords[TOPICS[label]], size), *rng.choice(COMMON, size)])

    wires = []
    for number in range(TRAIN + TEST):
        label = int(rng.integers(0, len(TOPICS)))
        labels = (label, (label + 1) % len(TOPICS)) if number % 4 == 0 else (label,)
        body = None if number % 5 == 0 else text(label, 12)
        split, position = ("train", number) if number < TRAIN else ("test", number - TRAIN)
        topics = tuple(TOPICS[one] for one in labels)
        other = body or "the wrong text of another wire altogether"
        wires.append(Wire(number, text(label, 3), body, other, topics, label, labels, split, position))
    return tuple(wires)


def make_outside() -> tuple[ArchiveWire, ...]:
    """200 wires about none of the topics, half of whose words are words of their own; every fifth has no body."""
    rng = np.random.default_rng(4)

    def text(size: int) -> str:
        return " ".join([*rng.choice(OUTSIDE_WORDS, size), *rng.choice(COMMON, size)])

    return tuple(
        ArchiveWire(10_000 + number, text(3), None if number % 5 == 0 else text(12), "", ()) for number in range(200)
    )


LEXICON = (
    *(
        Entry(f"{word} {newer}", (topic,))
        for topic, line in KEYWORDS.items()
        for word in line.split()[:2]
        for newer in (f"{topic}ish", "brexit")
    ),
    *(Entry(f"{word} {newer}", ()) for word in OUTSIDE_WORDS for newer in ("selfie", "streaming", "brexit")),
)
"""Texts of two words, of which the second is newer than any wire; `cocoaish` says something about a topic."""


CLUSTERS = (Cluster(("selfie", "hashtag"), (1,)), Cluster(("earnings", "takings"), (2,)))


@pytest.fixture(scope="session")
def small_outside() -> tuple[ArchiveWire, ...]:
    return make_outside()


@pytest.fixture(scope="session")
def small_corpus() -> tuple[Wire, ...]:
    return make_corpus()


@pytest.fixture(scope="session")
def small_recipe() -> HeadlinesRecipe:
    return SMALL


@pytest.fixture(scope="session")
def small_training(small_corpus: tuple[Wire, ...], small_outside: tuple[ArchiveWire, ...]) -> HeadlineTraining:
    """A complete training with random weights instead of trained MLPs; the SVM alone separates these topics.

    The first held-out line of the lexicon has its topic as the second one.
    """
    lexicon = (replace(LEXICON[0], topics=("hog", *LEXICON[0].topics)), *LEXICON[1:])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "train_networks", NoisyNetworks())
        return train_headlines(SMALL, small_corpus, (1, 2), outside=small_outside, lexicon=lexicon, clusters=CLUSTERS)


class NoisyNetworks:
    """Replaces `train_networks` and records its arguments."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def __call__(
        self,
        recipe: Recipe,
        epoch: Callable[[], Epoch],
        expansion: sp.csr_matrix,
        *,
        topics: int,
        seed: int,
        held_out: Epoch | None = None,
        on_step: Callable[[int, int, float, float], object] = lambda done, of, loss, accuracy: None,
    ) -> tuple[Layers, History]:
        epochs = [epoch() for _ in range(recipe.epochs)]
        self.calls.append({"epochs": epochs, "expansion": expansion, "seed": seed, "held_out": held_out})
        for number in range(1, recipe.epochs + 1):
            on_step(number, recipe.epochs, 1 / number, 0.5)
        rng, hidden = np.random.default_rng(seed), recipe.networks * recipe.hidden
        units = epochs[0][1].shape[1]
        shapes = ((expansion.shape[0], hidden), (hidden,), (hidden, units), (units,))
        layers = Layers(*(rng.normal(0, 0.01, shape).astype(np.float32) for shape in shapes))
        measures = ("loss", "accuracy", *(("val_loss", "val_accuracy") if held_out else ()))
        return layers, {name: [1 / (1 + number) for number in range(recipe.epochs)] for name in measures}
