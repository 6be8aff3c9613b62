"""Export to a SavedModel: from text to topic, with the encoder as TensorFlow operations."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from app.classifier import Bundle
from app.classifier.calibration import MAX_CONFIDENCE
from app.classifier.manifest import Calibration, Outside
from training.bundles.tensorflow_encoder import TensorflowEncoder


def write_saved_model(bundle: Bundle, folder: Path) -> None:
    """Write a self-contained SavedModel; `serve`, also the default signature, takes `headline`, string [n].

    Its outputs are the tensors of the service's V2 protocol: `topic` string [n], `probability` float32 [n],
    `probabilities` float32 [n, topics] and, with an outside class, `outside` float32 [n]; if a text may have several
    labels, `topic_set` bool [n, topics]. For a headline without a known word, or a piece of one, they are "", 0, zeros,
    0 and false.

    Raises:
        OSError: the folder cannot be written.
    """
    archive = keras.export.ExportArchive()
    encoder = TensorflowEncoder(bundle)
    model = keras.saving.load_model(bundle.model_path, compile=False, safe_mode=True)
    archive.track(encoder.words)
    archive.track(model)
    manifest = bundle.manifest
    codes = [topic.code for topic in manifest.topics]
    units = _logits(model, manifest.output)

    def serve(headline: Any) -> dict[str, Any]:  # noqa: ANN401 - TensorFlow has no types
        multi_hot, readable, shares = encoder(headline)
        logits = units(multi_hot)
        scores = logits[:, : len(codes)]
        if manifest.calibration is not None:
            scores /= _temperatures(manifest.calibration, scores, shares)
        probabilities = tf.nn.sigmoid(scores) if manifest.multi_label else tf.nn.softmax(scores)
        best = tf.gather(tf.constant(codes), tf.argmax(probabilities, axis=1))
        answer = {
            "topic": tf.where(readable, best, ""),
            "probability": tf.where(readable, tf.reduce_max(probabilities, axis=1), 0.0),
            "probabilities": tf.where(readable[:, None], probabilities, 0.0),
        }
        if manifest.multi_label is not None:
            in_set = probabilities >= tf.constant(manifest.multi_label.thresholds, tf.float32)
            answer["topic_set"] = in_set & readable[:, None]
        if manifest.outside is not None:
            outside = _outside(manifest.outside, logits[:, -1], tf.reduce_max(probabilities, axis=1), shares)
            answer["outside"] = tf.where(readable, outside, 0.0)
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


def _logits(model: Any, output: str) -> Any:  # noqa: ANN401 - Keras has no types
    """The model without its last activation, which is applied after the calibration; for others, log of the output."""
    last = model.layers[-1]
    if isinstance(last, keras.layers.Dense) and last.activation is getattr(keras.activations, output):
        last.activation = keras.activations.linear
        return lambda inputs: model(inputs, training=False)
    return lambda inputs: tf.math.log(tf.maximum(model(inputs, training=False), np.finfo(np.float32).tiny))
