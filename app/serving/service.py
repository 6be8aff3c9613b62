"""Per-process state: settings, models, metrics, lifecycle phase."""

import time
from typing import Literal

from app.classifier import TopicClassifier
from app.errors import NotReadyError, UnknownModelError, quoted
from app.serving.concurrency import InFlightLimiter
from app.serving.loading import Classifiers
from app.serving.parse_turns import ParseTurns
from app.serving.served_model import ServedModel
from app.serving.shadow import Shadow
from app.settings import Settings
from app.telemetry.prometheus.metrics import Metrics

Phase = Literal["starting", "ready", "draining"]

VERIFY_SECONDS = 1.0
"""Minimum time between two classifications of the golden headlines by probes."""

_MAX_NAMED = 20
"""Maximum number of models that an error names."""


class Service:
    """One process's settings, models, metrics, limits and lifecycle phase."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.limiter = InFlightLimiter(settings.max_in_flight, self.metrics.in_flight)
        self.parse_turns = ParseTurns()
        self.phase: Phase = "starting"
        """Changed only by `start` and `begin_draining`."""
        self.models: list[ServedModel] = []
        """In the order of TOPICS_MODEL; empty until they have loaded. The first answers requests that name no model."""
        self.shadow: Shadow | None = None
        self._replaced = False
        self._by_name: dict[str | None, ServedModel] = {}
        self._verified_at = 0.0

    def start(self, loaded: Classifiers) -> None:
        """Become ready with classifiers, which were verified with their golden headlines when they were created."""
        metrics = self.metrics.models_loaded(loaded.served)
        self.shadow = None
        if loaded.shadow is not None:
            self.shadow = Shadow(loaded.shadow, loaded.served[0], self.metrics.shadow)
        self.models = [
            ServedModel(classifier, model_metrics, self.limiter, None if index else self.shadow)
            for index, (classifier, model_metrics) in enumerate(zip(loaded.served, metrics, strict=True))
        ]
        self._by_name = {None: self.models[0]} | {model.full_name: model for model in self.models}
        for model in reversed(self.models):  # of several versions, the first in TOPICS_MODEL has the name alone
            self._by_name[model.name] = model
        self.phase = "ready"

    def begin_draining(self, *, replaced: bool = False) -> None:
        """Close connections after their next answer, and report not ready; requests are still answered.

        `replaced`: other workers answer at the same address, so the process still reports ready.
        """
        self.phase, self._replaced = "draining", replaced

    def model(self, name: str | None = None) -> ServedModel:
        """A model by NAME or NAME/VERSION; None: the default one.

        Raises:
            NotReadyError: no model has loaded yet.
            UnknownModelError: there is no such model here.
        """
        model = self._by_name.get(name)
        if model is None:
            if not self.models:
                raise NotReadyError("The model has not loaded yet; try again in a second.")
            names = ", ".join([model.full_name for model in self.models[:_MAX_NAMED]])
            more = f" and {len(self.models) - _MAX_NAMED} more" if len(self.models) > _MAX_NAMED else ""
            raise UnknownModelError(f"There is no model {quoted(name or '')} here; this service has {names}{more}.")
        return model

    @property
    def classifier(self) -> TopicClassifier:
        """The classifier of the default model; raises NotReadyError until it has loaded."""
        return self.model().classifier

    def ensure_ready(self) -> None:
        """Readiness check: classifies all models' golden headlines again, at most once per VERIFY_SECONDS.

        Raises:
            NotReadyError: still starting, or draining.
            BundleError: a model no longer reproduces its golden headlines.
        """
        self.model()
        if self.phase == "draining" and not self._replaced:
            raise NotReadyError("This process is shutting down; send the request to another one.")
        now = time.monotonic()
        if now - self._verified_at >= VERIFY_SECONDS:
            for model in self.models:
                model.classifier.verify_golden()
            self._verified_at = now
