"""The whole way from text to topic as a SavedModel, with Keras's StringLookup in the place of our encoder."""

import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from app.classifier import Bundle
from app.classifier.encoding import KERAS_FILTERS, SINGLE_QUOTES, TWICE, TYPOGRAPHIC_FILTERS

UNKNOWN, RARE = -2, -1
"""In the table of ids: a word that the corpus never had, and one beyond the cut."""

# What str.split() splits at beyond the filters; tf.strings.split knows ASCII's only.
_SPACES = "".join(chr(code) for code in range(0x110000) if chr(code).isspace())
_SEPARATORS = "[" + re.escape(KERAS_FILTERS + TYPOGRAPHIC_FILTERS + _SPACES) + "]"
_QUOTES = f"[{SINGLE_QUOTES}]"


def write_saved_model(bundle: Bundle, folder: Path) -> None:
    """Write a SavedModel that holds all it needs: signature `serve` and the default, `headline` string [n] in.

    Its outputs are the tensors of the service's V2 protocol: `topic` string [n], `probability` float32 [n],
    `probabilities` float32 [n, topics]. A headline without one known word has "", 0 and zeros.
    """
    archive = keras.export.ExportArchive()
    encoder = _Encoder(bundle)
    model = keras.saving.load_model(bundle.model_path, compile=False, safe_mode=True)
    archive.track(encoder.words)
    archive.track(model)
    calibration = bundle.manifest.calibration
    codes = [topic.code for topic in bundle.manifest.topics]
    logits = _logits(model)

    def serve(headline: Any) -> dict[str, Any]:  # noqa: ANN401 - TensorFlow has no types
        multi_hot, known = encoder(headline)
        scores = logits(multi_hot)
        if calibration is not None:
            ones = tf.reduce_sum(multi_hot, axis=1, keepdims=True)
            scores /= tf.exp(calibration.intercept + calibration.slope * tf.math.log1p(ones))
        heard = known > 0
        probabilities = tf.where(heard[:, None], tf.nn.softmax(scores), 0.0)
        best = tf.gather(tf.constant(codes), tf.argmax(probabilities, axis=1))
        return {
            "topic": tf.where(heard, best, ""),
            "probability": tf.reduce_max(probabilities, axis=1),
            "probabilities": probabilities,
        }

    archive.add_endpoint("serve", serve, input_signature=[tf.TensorSpec([None], tf.string, name="headline")])
    archive.write_out(str(folder), verbose=False)


def _logits(model: Any) -> Any:  # noqa: ANN401 - Keras has no types
    """The model without its softmax, which comes after the calibration; logarithms of what any other model gives."""
    last = model.layers[-1]
    if isinstance(last, keras.layers.Dense) and last.activation is keras.activations.softmax:
        last.activation = keras.activations.linear
        return lambda inputs: model(inputs, training=False)
    return lambda inputs: tf.math.log(tf.maximum(model(inputs, training=False), np.finfo(np.float32).tiny))


class _Encoder:
    """`app.classifier.encoding.Encoder` in TensorFlow's operations; the tests hold the two together."""

    def __init__(self, bundle: Bundle) -> None:
        self._spec = spec = bundle.manifest.encoding
        words = list(bundle.word_index)
        ids = [rank + spec.offset for rank in bundle.word_index.values()]
        self.words = keras.layers.StringLookup(vocabulary=words, num_oov_indices=1)
        self.words(tf.constant([""]))  # builds the layer, which only then can be exported
        self._ids = np.array([UNKNOWN, *(one if one < spec.size else RARE for one in ids)], np.int64)
        known = {word: one for word, one in zip(words, ids, strict=True) if one < spec.size}
        self._repeats = [(known[word.removesuffix(f" {TWICE}")], one) for word, one in known.items() if TWICE in word]
        """Of words whose second occurrence has an id: their own, and that one."""

    def __call__(self, headline: Any) -> tuple[Any, Any]:  # noqa: ANN401 - TensorFlow has no types
        """Multi-hot float32 [n, size], and how many known words each text has, int64 [n]."""
        spec = self._spec
        text = tf.strings.regex_replace(headline, _SEPARATORS, " ")
        text = tf.strings.regex_replace(text, _QUOTES, "'")
        text = tf.strings.regex_replace(text, r"\x00", "\ufffd")  # tf.strings.lower drops what follows a NUL
        words = tf.strings.split(tf.strings.lower(text, encoding="utf-8"))
        ids = self._look_up(words)
        ones = [ids]
        if spec.pairs:
            # Unknown words are skipped before pairing.
            met = tf.ragged.boolean_mask(words, ids != UNKNOWN)
            ones.append(self._look_up(tf.strings.ngrams(met, 2, separator=" ")))
        rows = tf.shape(headline)[:1]
        if spec.start_id is not None:
            ones.append(tf.RaggedTensor.from_tensor(tf.fill([rows[0], 1], tf.constant(spec.start_id, tf.int64))))
        if spec.rare_id is not None:
            ones.append(
                ids.with_flat_values(tf.where(ids.flat_values == RARE, np.int64(spec.rare_id), np.int64(UNKNOWN)))
            )
        found = tf.concat(ones, axis=1)
        found = tf.ragged.boolean_mask(found, found >= 0)
        places = tf.stack([found.value_rowids(), found.values], axis=1)
        shape = tf.cast([rows[0], spec.size], tf.int64)
        hits = tf.scatter_nd(places, tf.ones_like(found.values, tf.float32), shape)
        if spec.repeats and self._repeats:
            once, twice = np.array(self._repeats, np.int64).T
            again = tf.cast(tf.gather(hits, once, axis=1) > 1, tf.float32)
            turned = tf.scatter_nd(twice[:, None], tf.transpose(again), tf.reverse(shape, [0]))
            hits += tf.transpose(turned)
        known = tf.reduce_sum(tf.cast(ids >= 0, tf.int64), axis=1)
        return tf.minimum(hits, 1.0), known

    def _look_up(self, words: Any) -> Any:  # noqa: ANN401
        """Ragged words to ragged ids, UNKNOWN and RARE among them."""
        return words.with_flat_values(tf.gather(self._ids, self.words(words.flat_values)))
