"""Shared by the frameworks' services: headlines to the five most probable topics, with TensorFlow."""

import os
from collections.abc import Sequence
from pathlib import Path

from app.classifier import load_bundle
from benchmarks.speed.runtimes import classify_with, tf_function


class Classifier:
    """Encodes headlines and calls a compiled tf.function, traced before the first request."""

    def __init__(self) -> None:
        bundle = load_bundle(Path(os.environ["TOPICS_MODEL"]))
        self._topics = bundle.manifest.topics
        self._classify = classify_with(bundle, tf_function(bundle))
        self._classify(["ready?"])

    def __call__(self, headlines: Sequence[str]) -> list[list[dict[str, object]]]:
        """The most probable topics of each headline, best first."""
        return [
            [
                {"topic": self._topics[label].code, "name": self._topics[label].name, "label": label, "probability": p}
                for label, p in best
            ]
            for best in self._classify(headlines)
        ]
