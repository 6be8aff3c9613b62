"""Shared by both TensorFlow services: headlines to a dense matrix, and probabilities to the response."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.api.schemas import Model, Prediction, Result, Words
from app.classifier import Encoder, load_bundle
from app.classifier.encoding import Encoded
from app.settings import load_settings

bundle = load_bundle(load_settings().model[0])
encoder = Encoder(bundle.manifest.encoding, bundle.word_index)
size = bundle.manifest.encoding.size
topics = bundle.manifest.topics
model_name = Model(name=bundle.manifest.name, version=bundle.manifest.version)


def vectorize(encoded: Sequence[Encoded]) -> NDArray[np.float32]:
    """Multi-hot vectors, as in Chollet's book."""
    results = np.zeros((len(encoded), size), dtype="float32")
    for i, text in enumerate(encoded):
        results[i, text.ids] = 1.0
    return results


def result(encoded: Encoded, probabilities: NDArray[np.float32], top_k: int) -> Result:
    """The most probable topics of one headline."""
    if not encoded.known:
        predictions = []
    else:
        best = np.argsort(-probabilities[: len(topics)])[:top_k].tolist()  # without the unit of the outside class
        predictions = [
            Prediction(topic=topics[i].code, name=topics[i].name, label=i, probability=float(probabilities[i]))
            for i in best
        ]
    return Result(
        predictions=predictions,
        topic_set=None,
        outside=None,
        words=Words(known=encoded.known, rare=encoded.rare, unknown=encoded.unknown),
        abstained=None if encoded.known else "no_known_words",
    )
