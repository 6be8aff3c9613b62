"""A small generated data set in the format of the real one, so that tests need no download."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.tiny_bundle import COMMON, KEYWORDS
from training.data.dataset import Dataset, load_dataset

WIRES = 1_500


def write_data(folder: Path, x: list[object], y: object, word_index: object) -> Path:
    """Create a folder for --data with these wires (lists of ranks) and labels."""
    keras = folder / "keras"
    keras.mkdir(parents=True)
    rows = np.empty(len(x), dtype=object)
    rows[:] = x
    np.savez_compressed(keras / "reuters.npz", x=rows, y=np.asarray(y))
    (keras / "reuters_word_index.json").write_text(json.dumps(word_index))
    return folder


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,500 wires of about eight words, half of them keywords of their topic: easy to learn and quick to train on."""
    rng = np.random.default_rng(7)
    words = [*COMMON, *dict.fromkeys(word for line in KEYWORDS.values() for word in line.split())]
    word_index = {word: rank for rank, word in enumerate(words, start=1)} | {"outlier": 20_000}
    topics = [line.split() for line in KEYWORDS.values()]
    labels = rng.integers(0, len(topics), WIRES)
    sizes = rng.integers(3, 7, WIRES)  # of different lengths, as Keras expects; NumPy would make a matrix of equal ones
    wires = [
        [*rng.choice(topics[label], size).tolist(), *rng.choice(COMMON, 4).tolist()]
        for label, size in zip(labels, sizes, strict=True)
    ]
    ranks = [[word_index[word] for word in wire] for wire in wires]
    ranks[0].append(word_index["outlier"])
    return write_data(tmp_path_factory.mktemp("small"), ranks, labels, word_index)


@pytest.fixture(scope="session")
def small_set(small_data: Path) -> Dataset:
    """The same data set, loaded."""
    return load_dataset(small_data)
