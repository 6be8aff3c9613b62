"""Per-process state: settings, model, metrics, micro-batcher, lifecycle phase."""

import time
from collections.abc import Sequence
from typing import Literal

from app.classifier import TopicClassifier
from app.errors import NotReadyError
from app.serving.batching import MicroBatcher, TimedBatch
from app.serving.concurrency import InFlightLimiter
from app.settings import Settings
from app.telemetry.metrics import Metrics

Phase = Literal["starting", "ready", "draining"]

VERIFY_SECONDS = 1.0
"""Minimum time between two classifications of the golden headlines by probes."""


class Service:
    """One process's settings, model, metrics, limits and lifecycle phase."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.limiter = InFlightLimiter(settings.max_in_flight, self.metrics.in_flight)
        self.batcher = MicroBatcher(self.classify, self.limiter)
        self.phase: Phase = "starting"
        """Changed only by `start` and `begin_draining`."""
        self._classifier: TopicClassifier | None = None
        self._verified_at = 0.0

    def start(self, classifier: TopicClassifier) -> None:
        """Become ready with a classifier, which was verified with its golden headlines when it was created."""
        self._classifier = classifier
        self.metrics.model_loaded(classifier)
        self.phase = "ready"

    def begin_draining(self) -> None:
        """Report not ready from now on; requests are still answered."""
        self.phase = "draining"

    @property
    def classifier(self) -> TopicClassifier:
        """The model; raises NotReadyError until it has loaded."""
        if self._classifier is None:
            raise NotReadyError("The model has not loaded yet; try again in a second.")
        return self._classifier

    def ensure_ready(self) -> None:
        """Readiness check: classifies the golden headlines again, at most once per VERIFY_SECONDS.

        Raises:
            NotReadyError: still starting, or draining.
            BundleError: the model no longer reproduces its golden headlines.
        """
        classifier = self.classifier
        if self.phase == "draining":
            raise NotReadyError("This process is shutting down; send the request to another one.")
        now = time.monotonic()
        if now - self._verified_at >= VERIFY_SECONDS:
            classifier.verify_golden()
            self._verified_at = now

    def classify(self, texts: Sequence[str], top_k: int) -> TimedBatch:
        """`TopicClassifier.classify`, timed and counted in the metrics."""
        classifier = self.classifier
        begun = time.perf_counter()
        encoded = classifier.encode(texts)
        between = time.perf_counter()
        results = classifier.rank(encoded, top_k)
        ended = time.perf_counter()
        self.metrics.add_results(results)
        return TimedBatch(results, between - begun, ended - between)
