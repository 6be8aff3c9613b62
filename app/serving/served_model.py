"""One model in service: its classifier, its micro-batcher and its metrics."""

import time
from collections.abc import Sequence

from app.classifier import TopicClassifier
from app.serving.batching import MicroBatcher, TimedBatch
from app.serving.concurrency import InFlightLimiter
from app.serving.shadow import Shadow
from app.telemetry.prometheus.model_metrics import ModelMetrics


class ServedModel:
    """A model that requests can name; all models of a process share its limit on headlines in flight."""

    def __init__(
        self, classifier: TopicClassifier, metrics: ModelMetrics, limiter: InFlightLimiter, shadow: Shadow | None
    ) -> None:
        """`shadow`: also gets all headlines of this model, if there is one."""
        manifest = classifier.bundle.manifest
        self.name, self.version, self.full_name = manifest.name, manifest.version, manifest.full_name
        self.classifier = classifier
        self.batcher = MicroBatcher(self.classify, limiter, classifier.max_topics)
        self._metrics = metrics
        self._shadow = shadow

    def classify(self, texts: Sequence[str], top_k: int) -> TimedBatch:
        """`TopicClassifier.classify`, timed and counted in the metrics."""
        classifier = self.classifier
        begun = time.perf_counter()
        encoded = classifier.encode(texts)
        between = time.perf_counter()
        results = classifier.rank(encoded, top_k)
        ended = time.perf_counter()
        self._metrics.add(results)
        if self._shadow is not None:
            self._shadow.offer(texts, results)
        return TimedBatch(results, between - begun, ended - between)
