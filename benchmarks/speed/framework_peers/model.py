"""Shared by the frameworks' services: headlines to the five most probable topics, with TensorFlow."""

import os
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from app.classifier import Encoder, load_bundle

TOP = 5


class Classifier:
    """Encodes headlines and calls a compiled tf.function, traced before the first request."""

    def __init__(self) -> None:
        bundle = load_bundle(Path(os.environ["TOPICS_MODEL"]))
        self._encoder = Encoder(bundle.manifest.encoding, bundle.word_index)
        self._size = bundle.manifest.encoding.size
        self._topics = bundle.manifest.topics
        model = keras.models.load_model(bundle.model_path, compile=False)
        signature = [tf.TensorSpec([None, self._size], tf.float32)]
        self._infer = tf.function(lambda multi_hot: model(multi_hot, training=False), input_signature=signature)
        self._infer(tf.zeros([1, self._size]))

    def __call__(self, headlines: Sequence[str]) -> list[list[dict[str, object]]]:
        """The most probable topics of each headline, best first."""
        multi_hot = np.zeros((len(headlines), self._size), np.float32)
        for row, headline in enumerate(headlines):
            multi_hot[row, self._encoder.encode(headline).ids] = 1.0
        probabilities = self._infer(multi_hot).numpy()[:, : len(self._topics)]
        best = np.argsort(-probabilities, axis=1)[:, :TOP].tolist()
        return [
            [{"topic": self._topics[i].code, "name": self._topics[i].name, "label": i, "probability": float(row[i])}
             for i in some]
            for row, some in zip(probabilities, best, strict=True)
        ]  # fmt: skip
