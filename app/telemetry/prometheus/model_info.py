"""Info metric of the models that a process has loaded."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Gauge

from app.classifier import TopicClassifier


class ModelInfo:
    """An info metric: 1 for each model that is loaded, with its name, version and digest as labels."""

    def __init__(self, name: str, documentation: str, registry: CollectorRegistry) -> None:
        self._gauge = Gauge(
            name, documentation, ("name", "version", "digest"), registry=registry, multiprocess_mode="livemax"
        )
        self._loaded: list[Gauge] = []

    def set(self, classifiers: Iterable[TopicClassifier]) -> None:
        """Replace the models by those of `classifiers`; earlier ones become 0, as the files of workers keep labels."""
        for gauge in self._loaded:
            gauge.set(0)
        self._loaded = [
            self._gauge.labels(
                classifier.bundle.manifest.name, classifier.bundle.manifest.version, classifier.bundle.digest
            )
            for classifier in classifiers
        ]
        for gauge in self._loaded:
            gauge.set(1)
