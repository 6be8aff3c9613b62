"""The encoder of the service as TensorFlow operations, for the export to a SavedModel."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from app.classifier import Bundle
from app.classifier.word_index import LATER, PIECE, TWICE, hides_word
from training.bundles.tensorflow_tokenizer import (
    TensorflowTokenizer,
    decomposed,
    pieces,
    without_diacritics,
    without_quotes,
)

UNKNOWN, RARE = -2, -1
"""In the table of ids: a word that is not in the word index, and one that is in it but has no id below `size`."""


class TensorflowEncoder:
    """`app.classifier.encoding.Encoder` as TensorFlow operations; tests compare the two."""

    def __init__(self, bundle: Bundle) -> None:
        self._spec = spec = bundle.manifest.encoding
        index = {decomposed(word): rank for word, rank in bundle.word_index.items() if not hides_word(spec, word, rank)}
        words = list(index)
        ids = [rank + spec.offset for rank in index.values()]
        self._tokenize = TensorflowTokenizer(spec.tokenizer)
        self.words = keras.layers.StringLookup(vocabulary=words, num_oov_indices=1)
        self.words(tf.constant([""]))  # builds the layer, which must happen before the export
        self._ids = np.array([UNKNOWN, *(word_id if word_id < spec.size else RARE for word_id in ids)], np.int64)
        known = {word: word_id for word, word_id in zip(words, ids, strict=True) if word_id < spec.size}
        self._repeats, self._later = (_beside(known, mark) for mark in (TWICE, LATER))

    def __call__(self, headline: Any) -> tuple[Any, Any, Any]:  # noqa: ANN401 - TensorFlow has no types
        """Multi-hot, float32 [n, size]; `Encoded.readable`, bool [n]; out-of-vocabulary share, float32 [n]."""
        spec = self._spec
        words = self._tokenize(headline)
        ids = self._look_up(words)
        unquoted = words.with_flat_values(without_quotes(words.flat_values))
        for reduced in (without_quotes, without_diacritics):  # as in Encoder.resolve
            other = words.with_flat_values(reduced(words.flat_values))
            words = words.with_flat_values(tf.where(ids.flat_values == UNKNOWN, other.flat_values, words.flat_values))
            ids = self._look_up(words)
        rows = tf.shape(headline)[:1]
        shape = tf.cast([rows[0], spec.size], tf.int64)
        met_ids = tf.ragged.boolean_mask(ids, ids != UNKNOWN)
        ones = [met_ids if spec.lead is None else met_ids[:, : spec.lead]]
        if spec.pairs:
            # Unknown words are skipped before pairing.
            met = tf.ragged.boolean_mask(words, ids != UNKNOWN)
            ones.append(self._look_up(tf.strings.ngrams(met, 2, separator=" ")))
        if spec.start_id is not None:
            ones.append(tf.RaggedTensor.from_tensor(tf.fill([rows[0], 1], tf.constant(spec.start_id, tf.int64))))
        if spec.rare_id is not None:
            ones.append(
                ids.with_flat_values(tf.where(ids.flat_values == RARE, np.int64(spec.rare_id), np.int64(UNKNOWN)))
            )
        known = tf.reduce_sum(tf.cast(ids >= 0, tf.int64), axis=1)
        readable = known > 0
        if spec.pieces is not None:
            looked_up = tf.where(ids.flat_values == UNKNOWN, unquoted.flat_values, words.flat_values)
            without_id = (ids.flat_values < 0) & (words.flat_values != "")
            cut = tf.ragged.boolean_mask(words.with_flat_values(looked_up), words.with_flat_values(without_id))
            piece_ids = self._piece_ids(cut, spec.pieces)
            ones.append(piece_ids)
            readable |= tf.reduce_any(piece_ids >= 0, axis=1)
        hits = _count(tf.concat(ones, axis=1), shape)
        if spec.lead is not None:
            later = _count(met_ids[:, spec.lead :], shape)
            own, place = self._later
            hits += _columns(place, (tf.gather(hits, own, axis=1) == 0) & (tf.gather(later, own, axis=1) > 0), shape)
        if spec.repeats:
            own, place = self._repeats
            # A word found only after the lead that has no id for that has no id for its repetition either.
            there = tf.gather(hits, own, axis=1) > 0
            if spec.lead is not None:
                there |= np.isin(own, self._later[0])
            hits += _columns(place, there & (tf.gather(_count(met_ids, shape), own, axis=1) > 1), shape)
        count = tf.reduce_sum(tf.cast(words != "", tf.int64), axis=1)  # without those made of quotes alone
        shares = tf.cast(count - known, tf.float32) / tf.cast(tf.maximum(count, 1), tf.float32)
        return tf.minimum(hits, 1.0), readable, shares

    def _piece_ids(self, words: Any, sizes: tuple[int, int]) -> Any:  # noqa: ANN401
        """Ragged words [n, words] to the ids of their pieces, ragged [n, pieces]."""
        cut = pieces(words.values, sizes)
        ids = self._look_up(cut.with_flat_values(tf.strings.join([cut.flat_values, f" {PIECE}"])))
        return words.with_values(ids).merge_dims(1, 2)

    def _look_up(self, words: Any) -> Any:  # noqa: ANN401
        """Ragged words to ragged ids, including UNKNOWN and RARE."""
        return words.with_flat_values(tf.gather(self._ids, self.words(words.flat_values)))


def _beside(known: Mapping[str, int], mark: str) -> NDArray[np.int64]:
    """Words that have a second id with `mark`: their first and second ids, int64 [2, n]."""
    both = [(known[word], known[f"{word} {mark}"]) for word in known if f"{word} {mark}" in known]
    return np.array(both, np.int64).reshape(-1, 2).T


def _count(ids: Any, shape: Any) -> Any:  # noqa: ANN401 - TensorFlow has no types
    """How often each id occurs in each row of ragged ids, float32 [n, size]; negative ids are ignored."""
    ids = tf.ragged.boolean_mask(ids, ids >= 0)
    places = tf.stack([ids.value_rowids(), ids.values], axis=1)
    return tf.scatter_nd(places, tf.ones_like(ids.values, tf.float32), shape)


def _columns(places: NDArray[np.int64], ones: Any, shape: Any) -> Any:  # noqa: ANN401
    """Float32 [n, size]: `ones`, bool [n, len(places)], at the columns `places`, and 0 elsewhere."""
    turned = tf.transpose(tf.cast(ones, tf.float32))
    return tf.transpose(tf.scatter_nd(places[:, None], turned, tf.reverse(shape, [0])))
