"""The Keras data set of Reuters wires, downloaded or from files, as texts for the encoder of the service."""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.classifier.encoding import Encoder
from training.data.npz import read_npz
from training.data.split import keras_split
from training.data.topics import NAMES
from training.errors import DataError
from training.tensorflow_import import import_tensorflow

NPZ: Final = "reuters.npz"
WORD_INDEX: Final = "reuters_word_index.json"
LICENCE: Final = "Reuters-21578: for research purposes only"

MAX_CHARACTERS: Final = 100_000_000
"""Limit of all texts of a part. The training part has 7 million, but a pickle can repeat a long wire in a few bytes."""

Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the split."""

    texts: tuple[str, ...]
    """Each wire's words in order, lower case, separated by one space, as `tokenize` splits them."""
    labels: Labels
    """int64 [len(texts)], 0 to 45"""

    def sequences(self, encoder: Encoder) -> list[list[int]]:
        """The ids of each wire in the order of its words, as in `load_data`."""
        return [encoder.sequence(text) for text in self.texts]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Training and test part in the order of `keras.datasets.reuters.load_data(test_split=0.2, seed=113)`."""

    train: Part
    test: Part
    word_index: dict[str, int]
    """Word -> rank, from 1 for the most frequent."""
    files: dict[str, str]
    """File name -> SHA-256; empty if Keras could not use its cache folder."""


def load_dataset(data: Path | None = None) -> Dataset:
    """Load the data set from `data`/keras or, by default, through Keras, which caches and verifies it.

    Raises:
        DataError: a file is missing, damaged, or does not hold lists of ranks and labels 0 to 45.
    """
    return _from_keras() if data is None else _from_files(data / "keras")


def _from_files(folder: Path) -> Dataset:
    sequences, labels = read_npz(folder / NPZ)
    if len(sequences) != len(labels):
        raise DataError(f"{folder / NPZ}: {len(sequences):,} wires but {len(labels):,} labels; fetch it again.")
    word_index = _read_word_index(folder / WORD_INDEX)
    x_train, x_test = keras_split(sequences)
    y_train, y_test = keras_split(labels)
    return _dataset((x_train, y_train), (x_test, y_test), word_index, folder)


def _from_keras() -> Dataset:
    import_tensorflow()  # takes seconds, and is not needed with --data
    import keras  # noqa: PLC0415

    reuters = keras.datasets.reuters
    try:
        # Ranks as stored: the encoder of the service applies limit, offset and special ids.
        train, test = reuters.load_data(num_words=2**31, start_char=None, oov_char=None, index_from=0)
        word_index = reuters.get_word_index()
    except Exception as error:  # Keras raises what its download raises, including plain Exception
        raise DataError(
            f"keras.datasets.reuters cannot be loaded ({error}); check the connection, or set --data to a folder with"
            f" keras/{NPZ} and keras/{WORD_INDEX}."
        ) from error
    # Keras's cache folder: https://keras.io/api/utils/python_utils/#get_file-function
    cache = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "datasets"
    return _dataset(train, test, word_index, cache)


def _read_word_index(file: Path) -> dict[str, int]:
    try:
        word_index = json.loads(file.read_bytes())
    except FileNotFoundError as error:
        raise DataError(f"{file}: no such file; --data takes the folder that holds keras/{file.name}.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{file}: is truncated or not JSON ({error}); fetch it again.") from error
    if not isinstance(word_index, dict) or not all(type(rank) is int and rank > 0 for rank in word_index.values()):
        raise DataError(f"{file}: is not a map from words to ranks above 0; fetch it again.")
    return word_index


def _dataset(
    train: tuple[Sequence[Any], Sequence[Any]],
    test: tuple[Sequence[Any], Sequence[Any]],
    word_index: dict[str, int],
    folder: Path,
) -> Dataset:
    words = {rank: word for word, rank in word_index.items()}
    files = (folder / NPZ, folder / WORD_INDEX)
    return Dataset(
        train=_part(*train, words, "training", folder / NPZ),
        test=_part(*test, words, "test", folder / NPZ),
        word_index=word_index,
        files={file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.exists()},
    )


def _part(sequences: Sequence[Any], labels: Sequence[Any], words: dict[int, str], part: str, file: Path) -> Part:
    """Check one part and turn its ranks back into words."""
    if not len(labels):
        raise DataError(f"{file}: its {part} part is empty; fetch the set again.")
    array = np.asarray(labels)
    last = len(NAMES) - 1
    if array.ndim != 1 or array.dtype.kind not in "iu" or array.min() < 0 or array.max() > last:
        raise DataError(f"{file}: its {part} part has labels that are not integers from 0 to {last}; fetch it again.")
    texts, characters = [], 0
    for sequence in sequences:
        wire = _words(sequence, words, part, file)
        characters += sum(len(word) + 1 for word in wire)  # with spaces, because a word may be empty
        if characters > MAX_CHARACTERS:
            raise DataError(f"{file}: its {part} part has more than {MAX_CHARACTERS:,} characters; fetch it again.")
        texts.append(" ".join(wire))
    return Part(tuple(texts), array.astype(np.int64))


def _words(sequence: Iterable[Any], words: dict[int, str], part: str, file: Path) -> list[str]:
    if not isinstance(sequence, list) or not all(type(rank) is int for rank in sequence):
        raise DataError(f"{file}: its {part} part has a wire that is not a list of integers; fetch it again.")
    try:
        return [words[rank] for rank in sequence]
    except KeyError as error:
        raise DataError(f"{file}: its {part} part has rank {error}, which {WORD_INDEX} lacks; fetch both.") from error
