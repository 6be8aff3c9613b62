"""The same model in TensorFlow and in ONNX Runtime, with this project's encoder: headlines to five topics each."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.classifier import Bundle, Encoder
from app.classifier.inference.products import Floats

Classify = Callable[[Sequence[str]], list[list[tuple[int, float]]]]
Infer = Callable[[Floats, Floats], Floats]
"""Multi-hot float32 [n, size] and shares of words without an id, float32 [n] -> probabilities float32 [n, units].

A unit after those of the topics is that of the outside class.
"""


def classify_with(bundle: Bundle, infer: Infer) -> Classify:
    """A classify function around an `Infer`."""
    encoder = Encoder(bundle.manifest.encoding, bundle.word_index)
    size, topics = bundle.manifest.encoding.size, len(bundle.manifest.topics)

    def classify(texts: Sequence[str]) -> list[list[tuple[int, float]]]:
        multi_hot, oov_shares = np.zeros((len(texts), size), np.float32), np.zeros(len(texts), np.float32)
        for row, text in enumerate(texts):
            encoded = encoder.encode(text)
            multi_hot[row, encoded.ids] = 1.0
            oov_shares[row] = encoded.oov_share
        probabilities = infer(multi_hot, oov_shares)[:, :topics]
        labels = np.argpartition(-probabilities, 5, axis=1)[:, :5]
        best = np.take_along_axis(probabilities, labels, axis=1)
        order = np.argsort(-best, axis=1)
        ranked = np.take_along_axis(labels, order, axis=1).tolist(), np.take_along_axis(best, order, axis=1).tolist()
        return [list(zip(*pair, strict=True)) for pair in zip(*ranked, strict=True)]

    return classify


def keras_predict(bundle: Bundle) -> Infer:
    """Inference with `model.predict`, as in the book and most tutorials."""
    model = _keras_model(bundle)
    return lambda multi_hot, _: np.asarray(model.predict(multi_hot, verbose=0))


def tf_function(bundle: Bundle) -> Infer:
    """Inference with one compiled tf.function with a fixed signature."""
    import tensorflow as tf  # noqa: PLC0415 - seconds

    model = _keras_model(bundle)
    signature = [tf.TensorSpec([None, bundle.manifest.encoding.size], tf.float32)]
    compiled = tf.function(lambda multi_hot: model(multi_hot, training=False), input_signature=signature)
    return lambda multi_hot, _: np.asarray(compiled(tf.constant(multi_hot)))


def onnx_runtime(bundle: Bundle) -> Infer:
    """Inference with the bundle's ONNX export, on one thread as for all others."""
    import onnxruntime  # noqa: PLC0415 - both are slow to import

    from training.bundles.onnx import write_onnx  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "model.onnx")
        write_onnx(bundle, file)
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    names = {tensor.name for tensor in session.get_inputs()}

    def infer(multi_hot: Floats, oov_shares: Floats) -> Floats:
        given = {"multi_hot": multi_hot, "oov_share": oov_shares}
        return np.asarray(session.run(None, {name: given[name] for name in names})[0])

    return infer


def _keras_model(bundle: Bundle) -> Any:  # noqa: ANN401 - Keras has no types
    import keras  # noqa: PLC0415 - seconds

    return keras.models.load_model(bundle.model_path, compile=False)
