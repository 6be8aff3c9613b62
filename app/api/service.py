"""What one process serves with."""

import time
from typing import Literal

from app.api.answers import Answers
from app.api.errors import NotReadyError
from app.api.work import Work
from app.classifier import TopicClassifier
from app.settings import Settings

Phase = Literal["starting", "ready", "draining"]

CHECK_SECONDS = 1.0
"""Golden headlines are asked again at most this often, however often probes come."""


class Service:
    """The settings, the model once it has loaded, the work in hand, and whether more is wanted."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.work = Work(settings.max_in_flight)
        self.phase: Phase = "starting"
        self._loaded: tuple[TopicClassifier, Answers] | None = None
        self._checked_at = 0.0

    def start(self, classifier: TopicClassifier) -> None:
        """Begin to serve with a classifier, which has answered its golden headlines to be made at all."""
        self._loaded = (classifier, Answers(classifier))
        self.phase = "ready"

    def ready(self) -> tuple[TopicClassifier, Answers]:
        """The model and the writer of its answers; raises NotReadyError until it has loaded."""
        if self._loaded is None:
            raise NotReadyError("The model has not loaded yet; try again in a second.")
        return self._loaded

    def check(self) -> None:
        """Whether new work is wanted.

        Raises:
            NotReadyError: still starting, or draining.
            BundleError: the model no longer answers its golden headlines as it did in training.
        """
        classifier, _ = self.ready()
        if self.phase == "draining":
            raise NotReadyError("This process is going away; ask another one.")
        now = time.monotonic()
        if now - self._checked_at >= CHECK_SECONDS:
            classifier.check()
            self._checked_at = now
