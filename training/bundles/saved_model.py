"""Export to a SavedModel: from text to topic, with the encoder as TensorFlow operations."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from app.classifier import Bundle
from app.classifier.calibration import MAX_CONFIDENCE
from app.classifier.manifest import Calibration, Outside
from app.classifier.word_index import LATER, TWICE, hides_word
from training.bundles.tensorflow_tokenizer import Tokenizer, decomposed, without_diacritics, without_quotes

UNKNOWN, RARE = -2, -1
"""In the table of ids: a word that is not in the word index, and one that is in it but has no id below `size`."""


def write_saved_model(bundle: Bundle, folder: Path) -> None:
    """Write a self-contained SavedModel; `serve`, also the default signature, takes `headline`, string [n].

    Its outputs are the tensors of the service's V2 protocol: `topic` string [n], `probability` float32 [n],
    `probabilities` float32 [n, topics] and, with an outside class, `outside` float32 [n]. For a headline without a
    known word they are "", 0, zeros and 0.

    Raises:
        OSError: the folder cannot be written.
    """
    archive = keras.export.ExportArchive()
    encoder = _Encoder(bundle)
    model = keras.saving.load_model(bundle.model_path, compile=False, safe_mode=True)
    archive.track(encoder.words)
    archive.track(model)
    manifest = bundle.manifest
    codes = [topic.code for topic in manifest.topics]
    units = _logits(model)

    def serve(headline: Any) -> dict[str, Any]:  # noqa: ANN401 - TensorFlow has no types
        multi_hot, known, shares = encoder(headline)
        found = units(multi_hot)
        scores = found[:, : len(codes)]
        if manifest.calibration is not None:
            scores /= _temperatures(manifest.calibration, scores, shares)
        has_words = known > 0
        probabilities = tf.nn.softmax(scores)
        best = tf.gather(tf.constant(codes), tf.argmax(probabilities, axis=1))
        answer = {
            "topic": tf.where(has_words, best, ""),
            "probability": tf.where(has_words, tf.reduce_max(probabilities, axis=1), 0.0),
            "probabilities": tf.where(has_words[:, None], probabilities, 0.0),
        }
        if manifest.outside is not None:
            outside = _outside(manifest.outside, found[:, -1], tf.reduce_max(probabilities, axis=1), shares)
            answer["outside"] = tf.where(has_words, outside, 0.0)
        return answer

    archive.add_endpoint("serve", serve, input_signature=[tf.TensorSpec([None], tf.string, name="headline")])
    try:
        archive.write_out(str(folder), verbose=False)
    except tf.errors.OpError as error:  # TensorFlow's form of an OSError, with the reason at the end
        raise OSError(error.message.rpartition("; ")[2].partition(" [Op:")[0]) from error


def _temperatures(calibration: Calibration, scores: Any, shares: Any) -> Any:  # noqa: ANN401
    """As `temperatures` of app.classifier.calibration, float32 [n, 1]."""
    gaps = tf.reduce_max(scores, axis=1, keepdims=True) - tf.reduce_mean(scores, axis=1, keepdims=True)
    by_gap = calibration.intercept + calibration.gap_slope * tf.math.log1p(gaps)
    return tf.exp(by_gap + calibration.unknown_slope * shares[:, None])


def _outside(outside: Outside, scores: Any, best: Any, shares: Any) -> Any:  # noqa: ANN401
    """As `regression` of app.classifier.calibration, float32 [n]."""
    capped = tf.minimum(best, MAX_CONFIDENCE)
    log_odds = tf.math.log(capped / (1 - capped))
    return tf.sigmoid(
        outside.intercept + outside.score * scores + outside.confidence * log_odds + outside.unknown * shares
    )


def _logits(model: Any) -> Any:  # noqa: ANN401 - Keras has no types
    """The model without its softmax, which is applied after the calibration; for other models, log of the output."""
    last = model.layers[-1]
    if isinstance(last, keras.layers.Dense) and last.activation is keras.activations.softmax:
        last.activation = keras.activations.linear
        return lambda inputs: model(inputs, training=False)
    return lambda inputs: tf.math.log(tf.maximum(model(inputs, training=False), np.finfo(np.float32).tiny))


class _Encoder:
    """`app.classifier.encoding.Encoder` as TensorFlow operations; tests compare the two."""

    def __init__(self, bundle: Bundle) -> None:
        self._spec = spec = bundle.manifest.encoding
        index = {decomposed(word): rank for word, rank in bundle.word_index.items() if not hides_word(spec, word, rank)}
        words = list(index)
        ids = [rank + spec.offset for rank in index.values()]
        self._tokenize = Tokenizer(spec.references)
        self.words = keras.layers.StringLookup(vocabulary=words, num_oov_indices=1)
        self.words(tf.constant([""]))  # builds the layer, which must happen before the export
        self._ids = np.array([UNKNOWN, *(one if one < spec.size else RARE for one in ids)], np.int64)
        known = {word: one for word, one in zip(words, ids, strict=True) if one < spec.size}
        self._repeats, self._later = (_beside(known, mark) for mark in (TWICE, LATER))

    def __call__(self, headline: Any) -> tuple[Any, Any, Any]:  # noqa: ANN401 - TensorFlow has no types
        """Multi-hot, float32 [n, size]; number of known words, int64 [n]; out-of-vocabulary share, float32 [n]."""
        spec = self._spec
        words = self._tokenize(headline)
        ids = self._look_up(words)
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
        known = tf.reduce_sum(tf.cast(ids >= 0, tf.int64), axis=1)
        count = tf.reduce_sum(tf.cast(words != "", tf.int64), axis=1)  # without those made of quotes alone
        shares = tf.cast(count - known, tf.float32) / tf.cast(tf.maximum(count, 1), tf.float32)
        return tf.minimum(hits, 1.0), known, shares

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
