"""The same model in TensorFlow and in ONNX Runtime, with this project's encoder: headlines to five topics each."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.classifier import Bundle, Encoder
from app.classifier.network import Floats

Classify = Callable[[Sequence[str]], list[list[tuple[int, float]]]]


def classify_with(bundle: Bundle, infer: Callable[[Floats], Floats]) -> Classify:
    """A classify function around `infer`: multi-hot float32 [n, size] -> probabilities float32 [n, topics]."""
    encoder = Encoder(bundle.manifest.encoding, bundle.word_index)
    size = bundle.manifest.encoding.size

    def classify(texts: Sequence[str]) -> list[list[tuple[int, float]]]:
        multi_hot = np.zeros((len(texts), size), np.float32)
        for row, text in enumerate(texts):
            multi_hot[row, encoder.encode(text).ids] = 1.0
        probabilities = infer(multi_hot)
        labels = np.argpartition(-probabilities, 5, axis=1)[:, :5]
        best = np.take_along_axis(probabilities, labels, axis=1)
        order = np.argsort(-best, axis=1)
        ranked = np.take_along_axis(labels, order, axis=1).tolist(), np.take_along_axis(best, order, axis=1).tolist()
        return [list(zip(*pair, strict=True)) for pair in zip(*ranked, strict=True)]

    return classify


def keras_predict(bundle: Bundle) -> Callable[[Floats], Floats]:
    """Inference with `model.predict`, as in the book and most tutorials."""
    model = _keras_model(bundle)
    return lambda multi_hot: np.asarray(model.predict(multi_hot, verbose=0))


def tf_function(bundle: Bundle) -> Callable[[Floats], Floats]:
    """Inference with one compiled tf.function with a fixed signature."""
    import tensorflow as tf  # noqa: PLC0415 - seconds

    model = _keras_model(bundle)
    signature = [tf.TensorSpec([None, bundle.manifest.encoding.size], tf.float32)]
    compiled = tf.function(lambda multi_hot: model(multi_hot, training=False), input_signature=signature)
    return lambda multi_hot: np.asarray(compiled(tf.constant(multi_hot)))


def onnx_runtime(bundle: Bundle) -> Callable[[Floats], Floats]:
    """Inference with the bundle's ONNX export, on one thread as for all others."""
    import onnxruntime  # noqa: PLC0415 - both are slow to import

    from training.bundles.onnx import write_onnx  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "model.onnx")
        write_onnx(bundle, file)
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    def infer(multi_hot: Floats) -> Floats:
        [probabilities] = session.run(None, {"multi_hot": multi_hot})
        return np.asarray(probabilities)

    return infer


def _keras_model(bundle: Bundle) -> Any:  # noqa: ANN401 - Keras has no types
    import keras  # noqa: PLC0415 - seconds

    return keras.models.load_model(bundle.model_path, compile=False)
