"""A small generated set of the same shape as the real one, so that all of the code runs everywhere."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.tiny_bundle import COMMON, KEYWORDS
from training.data.dataset import Dataset, load_dataset

WIRES = 1_500


def write_data(folder: Path, x: list[object], y: object, word_index: object) -> Path:
    """A folder for --data that holds these wires (lists of ranks) and labels."""
    keras = folder / "keras"
    keras.mkdir(parents=True)
    rows = np.empty(len(x), dtype=object)
    rows[:] = x
    np.savez_compressed(keras / "reuters.npz", x=rows, y=np.asarray(y))
    (keras / "reuters_word_index.json").write_text(json.dumps(word_index))
    return folder


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,500 wires of some eight words, half of them their topic's keywords: easy to learn, quick to train on."""
    rng = np.random.default_rng(7)
    words = [*COMMON, *dict.fromkeys(word for line in KEYWORDS.values() for word in line.split())]
    word_index = {word: rank for rank, word in enumerate(words, start=1)} | {"outlier": 20_000}
    topics = [line.split() for line in KEYWORDS.values()]
    labels = rng.integers(0, len(topics), WIRES)
    sizes = rng.integers(3, 7, WIRES)  # unequal, as Keras expects: it would make a matrix of equal ones
    wires = [
        [*rng.choice(topics[label], size).tolist(), *rng.choice(COMMON, 4).tolist()]
        for label, size in zip(labels, sizes, strict=True)
    ]
    ranks = [[word_index[word] for word in wire] for wire in wires]
    ranks[0].append(word_index["outlier"])
    return write_data(tmp_path_factory.mktemp("small"), ranks, labels, word_index)


@pytest.fixture(scope="session")
def small_set(small_data: Path) -> Dataset:
    """The same, loaded."""
    return load_dataset(small_data)
